//! Names of images: `host:port/path:tag@digest`.
