//! RSA's two operations (RFC 8017, section 5), for moduli up to 4,096 bits. What is padded is in crypto_padding.zig.
const std = @import("std");
const powers = @import("crypto_power.zig");
const Limbs = powers.Limbs;
const Modulus = powers.Modulus;

const Bytes = extern struct {
    at: [*]const u8,
    size: usize,

    fn slice(self: Bytes) []const u8 {
        return self.at[0..self.size];
    }
};

/// Big-endian, without leading zeros.
const PrivateKey = extern struct { n: Bytes, e: Bytes, p: Bytes, q: Bytes, dp: Bytes, dq: Bytes, qi: Bytes };

fn public(n: []const u8, e: []const u8, in: []const u8, out: []u8) !void {
    if (std.mem.order(u8, in, n) != .lt) return error.TooLarge;
    var modulus: Modulus = undefined;
    try modulus.init(n);
    var x: Limbs = undefined;
    powers.read(in, x[0..modulus.size]);
    modulus.product(&x, &x, &modulus.square);
    modulus.power_public(&x, e);
    modulus.leave(&x);
    powers.write(x[0..modulus.size], out);
}

/// By the Chinese remainder theorem (section 5.1.2); checked with the public key, so that no fault and no wrong key gives a prime away.
fn private(key: *const PrivateKey, in: []const u8, out: []u8) !void {
    if (key.n.size > 4 * powers.most_limbs or std.mem.order(u8, in, key.n.slice()) != .lt) return error.TooLarge;
    var p: Modulus = undefined;
    var q: Modulus = undefined;
    try p.init(key.p.slice());
    try q.init(key.q.slice());
    const size = (key.n.size + 3) / 4;
    if (p.size + q.size > size + 1 or key.qi.size > 4 * p.size) return error.WrongKey;
    var x: Limbs = undefined;
    powers.read(in, x[0..size]);
    var m1: Limbs = undefined;
    var m2: Limbs = undefined;
    p.enter(x[0..size], &m1);
    p.power(&m1, key.dp.slice());
    q.enter(x[0..size], &m2);
    q.power(&m2, key.dq.slice());
    q.leave(&m2);
    p.enter(m2[0..q.size], &x);
    p.subtract(&m1, &x);
    powers.read(key.qi.slice(), x[0..p.size]);
    p.product(&m1, &m1, &x);
    var m: [2 * powers.most_limbs]u32 = undefined;
    powers.multiply(m1[0..p.size], q.limbs[0..q.size], m[0 .. p.size + q.size]);
    powers.add(m[0 .. p.size + q.size], m2[0..q.size]);
    powers.write(m[0 .. p.size + q.size], out);
    var again: [4 * powers.most_limbs]u8 = undefined;
    try public(key.n.slice(), key.e.slice(), out, again[0..in.len]);
    if (!std.mem.eql(u8, again[0..in.len], in)) return error.WrongKey;
}

/// `in` and `out` are as long as `n`. False when `in` is not below `n`, or the key is none.
export fn crypto_rsa_public(n: [*]const u8, size: usize, e: [*]const u8, e_size: usize, in: [*]const u8, out: [*]u8) bool {
    public(n[0..size], e[0..e_size], in[0..size], out[0..size]) catch return false;
    return true;
}

export fn crypto_rsa_private(key: *const PrivateKey, in: [*]const u8, out: [*]u8) bool {
    private(key, in[0..key.n.size], out[0..key.n.size]) catch return false;
    return true;
}
