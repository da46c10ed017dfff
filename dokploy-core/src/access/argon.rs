//! Argon2 in memory that goes back to the system.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, Error, PasswordHasher, Result};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// The allocator of glibc maps what is larger than 32 MiB for itself, and unmaps it when it is freed. What is smaller,
/// as the 19 MiB of a hash are, it keeps for every thread that ever made one. Pages that are never touched cost nothing.
const MAPPED_MIN: usize = 33 * 1024 * 1024;

/// Argon2id as recommended unless told otherwise: one hash takes 19 MiB, and none of them afterwards.
#[derive(Debug, Default)]
pub(super) struct Argon {
    algorithm: Algorithm,
    version: Version,
    params: Params,
}

impl Argon {
    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    fn memory(&self) -> core::result::Result<Vec<Block>, argon2::Error> {
        let blocks = self.params.block_count();
        let mut memory = Vec::new();
        memory
            .try_reserve_exact(blocks.max(MAPPED_MIN / Block::SIZE))
            .map_err(|_| argon2::Error::OutOfMemory)?;
        memory.resize(blocks, Block::default());
        Ok(memory)
    }
}

impl PasswordHasher<PasswordHash> for Argon {
    fn hash_password_with_salt(&self, password: &[u8], salt: &[u8]) -> Result<PasswordHash> {
        let salt = Salt::new(salt)?;
        let mut buffer = [0; Output::MAX_LENGTH];
        let length = self
            .params
            .output_len()
            .unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
        let memory = self.memory()?;
        Argon2::new(self.algorithm, self.version, self.params.clone())
            .hash_password_into_with_memory(password, &salt, output, memory)?;
        Ok(PasswordHash {
            algorithm: self.algorithm.ident(),
            version: Some(self.version.into()),
            params: ParamsString::try_from(&self.params)?,
            salt: Some(salt),
            hash: Some(Output::new(output)?),
        })
    }
}

/// What verifying asks for: the hash of a password with the parameters of another hash.
impl CustomizedPasswordHasher<PasswordHash> for Argon {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let customized = Self {
            algorithm: algorithm
                .map(Algorithm::try_from)
                .transpose()?
                .unwrap_or_default(),
            version: version
                .map(Version::try_from)
                .transpose()?
                .unwrap_or_default(),
            params,
        };
        customized.hash_password_with_salt(password, salt)
    }
}
