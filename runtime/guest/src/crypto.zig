//! The mathematics of `crypto` that crypto.c calls, most of it from Zig's std.crypto: here what is compiled to be small.
const std = @import("std");

pub const panic = std.debug.no_panic;

comptime {
    _ = @import("crypto_rsa.zig");
    _ = @import("crypto_padding.zig");
    _ = @import("crypto_curve.zig");
}
