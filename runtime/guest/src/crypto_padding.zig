//! PSS and OAEP (RFC 8017, sections 7.1 and 9.1). Hashes by their number in crypto_hash.zig.
const std = @import("std");

extern fn random_bytes(out: [*]u8, size: u32) void;
extern fn crypto_hash_length(kind: u32) u32;
extern fn crypto_hash_init(kind: u32, state: *anyopaque) void;
extern fn crypto_hash_update(kind: u32, state: *anyopaque, data: [*]const u8, size: usize) void;
extern fn crypto_hash_final(kind: u32, state: *anyopaque, out: [*]u8, size: usize) void;

const most_size = 512; // of a modulus
const most_digest = 64;
const most_state = 1024; // of a hash

const Hash = struct {
    kind: u32,
    length: usize,

    fn of(kind: u32) Hash {
        return .{ .kind = kind, .length = crypto_hash_length(kind) };
    }

    fn digest(self: Hash, parts: []const []const u8, out: []u8) void {
        var state: [most_state]u8 align(16) = undefined;
        crypto_hash_init(self.kind, &state);
        for (parts) |part| crypto_hash_update(self.kind, &state, part.ptr, part.len);
        crypto_hash_final(self.kind, &state, out.ptr, out.len);
    }

    /// MGF1 (appendix B.2.1), added to `out`.
    fn mask(self: Hash, seed: []const u8, out: []u8) void {
        var number: [4]u8 = undefined;
        var block: [most_digest]u8 = undefined;
        var at: usize = 0;
        var i: u32 = 0;
        while (at < out.len) : (at += self.length) {
            std.mem.writeInt(u32, &number, i, .big);
            self.digest(&.{ seed, &number }, block[0..self.length]);
            const left = @min(self.length, out.len - at);
            for (out[at..][0..left], block[0..left]) |*o, b| o.* ^= b;
            i += 1;
        }
    }
};

/// Bytes of the encoded message and the mask of its first, of a modulus with so many bits.
fn encoded(bits: u32) struct { size: usize, first: u8 } {
    const rest: u3 = @intCast((bits - 1) % 8);
    return .{ .size = (bits + 6) / 8, .first = if (rest == 0) 0xff else @as(u8, 0xff) >> @intCast(8 - @as(u4, rest)) };
}

/// EMSA-PSS-ENCODE with a fresh salt; the encoded message is at the end of `out`, which is as long as the modulus.
export fn crypto_pss_encode(kind: u32, mask_kind: u32, digest: [*]const u8, salt_size: u32, bits: u32, out: [*]u8) bool {
    const hash = Hash.of(kind);
    const shape = encoded(bits);
    if (shape.size < hash.length + salt_size + 2) return false;
    const total = (bits + 7) / 8;
    @memset(out[0..total], 0);
    const message = out[total - shape.size .. total];
    const masked = message[0 .. shape.size - hash.length - 1];
    const salt = masked[masked.len - salt_size ..];
    random_bytes(salt.ptr, salt_size);
    masked[masked.len - salt_size - 1] = 1;
    const h = message[masked.len..][0..hash.length];
    const zeros: [8]u8 = @splat(0);
    hash.digest(&.{ &zeros, digest[0..hash.length], salt }, h);
    Hash.of(mask_kind).mask(h, masked);
    masked[0] &= shape.first;
    message[shape.size - 1] = 0xbc;
    return true;
}

/// EMSA-PSS-VERIFY; a salt of any size when `salt_size` is negative.
export fn crypto_pss_verify(kind: u32, mask_kind: u32, digest: [*]const u8, salt_size: i32, bits: u32, in: [*]const u8) bool {
    const hash = Hash.of(kind);
    const shape = encoded(bits);
    if (shape.size < hash.length + 2) return false;
    const total = (bits + 7) / 8;
    if (shape.size < total and in[0] != 0) return false;
    var copy: [most_size]u8 = undefined;
    const message = copy[0..shape.size];
    @memcpy(message, in[total - shape.size .. total]);
    const masked = message[0 .. shape.size - hash.length - 1];
    const h = message[masked.len..][0..hash.length];
    if (message[shape.size - 1] != 0xbc or masked[0] & ~shape.first != 0) return false;
    Hash.of(mask_kind).mask(h, masked);
    masked[0] &= shape.first;
    const one = std.mem.indexOfNone(u8, masked, &.{0}) orelse return false;
    const salt = masked[one + 1 ..];
    if (masked[one] != 1 or (salt_size >= 0 and salt.len != salt_size)) return false;
    const zeros: [8]u8 = @splat(0);
    var expected: [most_digest]u8 = undefined;
    hash.digest(&.{ &zeros, digest[0..hash.length], salt }, expected[0..hash.length]);
    return std.mem.eql(u8, expected[0..hash.length], h);
}

/// EME-OAEP with a fresh seed; `out` is as long as the modulus. False when the message is too long.
export fn crypto_oaep_encode(kind: u32, mask_kind: u32, label: [*]const u8, label_size: usize, in: [*]const u8, size: usize, out: [*]u8, total: usize) bool {
    const hash = Hash.of(kind);
    if (total < 2 * hash.length + 2 or size > total - 2 * hash.length - 2) return false;
    @memset(out[0..total], 0);
    const seed = out[1..][0..hash.length];
    const block = out[1 + hash.length .. total];
    hash.digest(&.{label[0..label_size]}, block[0..hash.length]);
    block[block.len - size - 1] = 1;
    @memcpy(block[block.len - size ..], in[0..size]);
    random_bytes(seed.ptr, @intCast(seed.len));
    Hash.of(mask_kind).mask(seed, block);
    Hash.of(mask_kind).mask(block, seed);
    return true;
}

/// Undoes it in place. Returns where the message begins, -1 for any fault; which one, no branch and no time tells.
export fn crypto_oaep_decode(kind: u32, mask_kind: u32, label: [*]const u8, label_size: usize, in: [*]u8, total: usize) i32 {
    const hash = Hash.of(kind);
    if (total < 2 * hash.length + 2) return -1;
    const seed = in[1..][0..hash.length];
    const block = in[1 + hash.length .. total];
    Hash.of(mask_kind).mask(block, seed);
    Hash.of(mask_kind).mask(seed, block);
    var expected: [most_digest]u8 = undefined;
    hash.digest(&.{label[0..label_size]}, expected[0..hash.length]);
    var wrong: u32 = in[0];
    for (block[0..hash.length], expected[0..hash.length]) |b, e| wrong |= b ^ e;
    var looking: u32 = 1;
    var at: u32 = 0;
    for (block[hash.length..], hash.length..) |byte, i| {
        const is_one = @intFromBool(byte == 1);
        const is_zero = @intFromBool(byte == 0);
        at |= (0 -% (looking & is_one)) & @as(u32, @intCast(i));
        looking &= ~@as(u32, is_one);
        wrong |= looking & (1 ^ @as(u32, is_zero));
    }
    wrong |= looking;
    return if (wrong != 0) -1 else @intCast(1 + hash.length + at + 1);
}
