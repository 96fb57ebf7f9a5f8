//! What is worth its size in machine code: hashes and ciphers, which run over megabytes and ten thousand rounds.
const std = @import("std");

pub const panic = std.debug.no_panic;

comptime {
    _ = @import("crypto_hash.zig");
    _ = @import("crypto_cipher.zig");
}
