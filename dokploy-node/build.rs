//! Links the module the way Node expects.

fn main() {
    napi_build::setup();
}
