//! Hashes, HMAC (RFC 2104) and what is made of them: PBKDF2 (RFC 8018), HKDF (RFC 5869), scrypt (RFC 7914).
const std = @import("std");
const hash = std.crypto.hash;

/// A hash's number is its place here; node/crypto/hashes.js has the same list.
const kinds = [_]type{
    hash.Md5,
    hash.Sha1,
    hash.sha2.Sha224,
    hash.sha2.Sha256,
    hash.sha2.Sha384,
    hash.sha2.Sha512,
    hash.sha2.Sha512_224,
    hash.sha2.Sha512_256,
    hash.sha3.Sha3_224,
    hash.sha3.Sha3_256,
    hash.sha3.Sha3_384,
    hash.sha3.Sha3_512,
    hash.blake2.Blake2b512,
    hash.blake2.Blake2s256,
    hash.sha3.Shake128,
    hash.sha3.Shake256,
};
const fixed = kinds[0 .. kinds.len - 2]; // what has one digest length: HMAC and all that stands on it take only these
comptime {
    for (kinds) |H| std.debug.assert(H.digest_length <= 64 and @sizeOf(H) <= 1024); // the room in crypto_padding.zig
}

fn final(comptime H: type, state: *H, out: []u8) void {
    if (H == hash.sha3.Shake128 or H == hash.sha3.Shake256) return state.squeeze(out);
    var whole: [H.digest_length]u8 = undefined;
    state.final(&whole);
    @memcpy(out, whole[0..out.len]);
}

fn cast(comptime T: type, state: *anyopaque) *T {
    return @ptrCast(@alignCast(state));
}

export fn crypto_hash_length(kind: u32) u32 {
    inline for (kinds, 0..) |H, i| if (kind == i) return H.digest_length;
    return 0;
}

/// Whether its digest has any length.
export fn crypto_hash_extends(kind: u32) bool {
    return kind >= fixed.len and kind < kinds.len;
}

/// Bytes of a state: of the hash, or of the HMAC.
export fn crypto_hash_size(kind: u32, keyed: bool) u32 {
    inline for (kinds, 0..) |H, i| if (kind == i) return if (keyed) @sizeOf(Mac(H)) else @sizeOf(H);
    return 0;
}

export fn crypto_hash_init(kind: u32, state: *anyopaque) void {
    inline for (kinds, 0..) |H, i| if (kind == i) {
        cast(H, state).* = H.init(.{});
    };
}

export fn crypto_hash_update(kind: u32, state: *anyopaque, data: [*]const u8, size: usize) void {
    inline for (kinds, 0..) |H, i| if (kind == i) cast(H, state).update(data[0..size]);
}

export fn crypto_hash_final(kind: u32, state: *anyopaque, out: [*]u8, size: usize) void {
    inline for (kinds, 0..) |H, i| if (kind == i) final(H, cast(H, state), out[0..size]);
}

/// HMAC as two hashes that have each taken their half of the key: what PBKDF2 copies thousands of times.
fn Mac(comptime H: type) type {
    return extern struct {
        const Self = @This();
        const length = H.digest_length;
        inner: [@sizeOf(H)]u8 align(16),
        outer: [@sizeOf(H)]u8 align(16),

        pub fn init(self: *Self, key: []const u8) void {
            var block: [H.block_length]u8 = @splat(0);
            if (key.len > block.len) H.hash(key, block[0..length], .{}) else @memcpy(block[0..key.len], key);
            for (&block) |*byte| byte.* ^= 0x36;
            self.inside().* = H.init(.{});
            self.inside().update(&block);
            for (&block) |*byte| byte.* ^= 0x36 ^ 0x5c;
            self.outside().* = H.init(.{});
            self.outside().update(&block);
            std.crypto.secureZero(u8, &block);
        }

        pub fn inside(self: *Self) *H {
            return @ptrCast(@alignCast(&self.inner));
        }

        fn outside(self: *Self) *H {
            return @ptrCast(@alignCast(&self.outer));
        }

        pub fn final(self: *Self, out: *[length]u8) void {
            self.inside().final(out);
            self.outside().update(out);
            self.outside().final(out);
        }
    };
}

export fn crypto_mac_init(kind: u32, state: *anyopaque, key: [*]const u8, size: usize) bool {
    inline for (fixed, 0..) |H, i| if (kind == i) {
        cast(Mac(H), state).init(key[0..size]);
        return true;
    };
    return false;
}

/// `update` is the hash's own: the inner hash comes first in the state.
export fn crypto_mac_final(kind: u32, state: *anyopaque, out: [*]u8) void {
    inline for (fixed, 0..) |H, i| if (kind == i) cast(Mac(H), state).final(out[0..H.digest_length]);
}

fn pbkdf2(comptime H: type, password: []const u8, salt: []const u8, rounds: u32, out: []u8) void {
    var keyed: Mac(H) = undefined;
    keyed.init(password);
    var block: u32 = 0;
    var at: usize = 0;
    while (at < out.len) : (at += H.digest_length) {
        block += 1;
        var number: [4]u8 = undefined;
        std.mem.writeInt(u32, &number, block, .big);
        var last: [H.digest_length]u8 = undefined;
        var mac = keyed;
        mac.inside().update(salt);
        mac.inside().update(&number);
        mac.final(&last);
        var sum = last;
        for (1..rounds) |_| {
            mac = keyed;
            mac.inside().update(&last);
            mac.final(&last);
            for (&sum, last) |*s, byte| s.* ^= byte;
        }
        const left = @min(out.len - at, sum.len);
        @memcpy(out[at..][0..left], sum[0..left]);
    }
}

export fn crypto_pbkdf2(kind: u32, password: [*]const u8, password_size: usize, salt: [*]const u8, salt_size: usize, rounds: u32, out: [*]u8, size: usize) bool {
    inline for (fixed, 0..) |H, i| if (kind == i) {
        pbkdf2(H, password[0..password_size], salt[0..salt_size], rounds, out[0..size]);
        return true;
    };
    return false;
}

fn hkdf(comptime H: type, key: []const u8, salt: []const u8, info: []const u8, out: []u8) void {
    var mac: Mac(H) = undefined;
    var block: [H.digest_length]u8 = undefined;
    mac.init(salt);
    mac.inside().update(key);
    mac.final(&block);
    var keyed: Mac(H) = undefined;
    keyed.init(&block);
    var number = [1]u8{0};
    var at: usize = 0;
    while (at < out.len) : (at += block.len) {
        number[0] += 1;
        mac = keyed;
        if (at > 0) mac.inside().update(&block);
        mac.inside().update(info);
        mac.inside().update(&number);
        mac.final(&block);
        const left = @min(out.len - at, block.len);
        @memcpy(out[at..][0..left], block[0..left]);
    }
}

/// False for a hash that has no HMAC and for more than 255 blocks.
export fn crypto_hkdf(kind: u32, key: [*]const u8, key_size: usize, salt: [*]const u8, salt_size: usize, info: [*]const u8, info_size: usize, out: [*]u8, size: usize) bool {
    inline for (fixed, 0..) |H, i| if (kind == i) {
        if (size > 255 * H.digest_length) return false;
        hkdf(H, key[0..key_size], salt[0..salt_size], info[0..info_size], out[0..size]);
        return true;
    };
    return false;
}

extern fn malloc(size: usize) ?[*]u8;
extern fn free(block: ?*anyopaque) void;

fn salsa20_8(block: *[16]u32) void {
    var x = block.*;
    for (0..4) |_| {
        inline for ([_][4]u8{ .{ 0, 4, 8, 12 }, .{ 5, 9, 13, 1 }, .{ 10, 14, 2, 6 }, .{ 15, 3, 7, 11 }, .{ 0, 1, 2, 3 }, .{ 5, 6, 7, 4 }, .{ 10, 11, 8, 9 }, .{ 15, 12, 13, 14 } }) |q| {
            x[q[1]] ^= std.math.rotl(u32, x[q[0]] +% x[q[3]], 7);
            x[q[2]] ^= std.math.rotl(u32, x[q[1]] +% x[q[0]], 9);
            x[q[3]] ^= std.math.rotl(u32, x[q[2]] +% x[q[1]], 13);
            x[q[0]] ^= std.math.rotl(u32, x[q[3]] +% x[q[2]], 18);
        }
    }
    for (block, x) |*word, more| word.* +%= more;
}

/// scryptBlockMix (RFC 7914, section 4) of 2r blocks; `out` may not be `in`.
fn mix(in: []const [16]u32, out: [][16]u32) void {
    var x = in[in.len - 1];
    for (in, 0..) |block, i| {
        for (&x, block) |*word, other| word.* ^= other;
        salsa20_8(&x);
        out[i / 2 + (i & 1) * (in.len / 2)] = x;
    }
}

/// scryptROMix (section 5). wasm is little-endian, so bytes are words.
fn rom_mix(n: u32, blocks: [][16]u32, all: [][16]u32, other: [][16]u32) void {
    const width = blocks.len;
    var at: usize = 0;
    while (at < n) : (at += 1) {
        @memcpy(all[at * width ..][0..width], blocks);
        mix(blocks, other);
        @memcpy(blocks, other);
    }
    for (0..n) |_| {
        const chosen = blocks[width - 1][0] & (n - 1);
        for (blocks, all[chosen * width ..][0..width]) |*block, kept| {
            for (block, kept) |*word, more| word.* ^= more;
        }
        mix(blocks, other);
        @memcpy(blocks, other);
    }
}

/// `n` is a power of two; the caller has held `128 * n * r` against its limit. False when there is no memory.
export fn crypto_scrypt(password: [*]const u8, password_size: usize, salt: [*]const u8, salt_size: usize, n: u32, r: u32, p: u32, out: [*]u8, size: usize) bool {
    const width = 2 * r;
    const room = malloc((@as(usize, n) + 1 + p) * width * 64) orelse return false;
    defer free(room);
    const blocks = @as([*][16]u32, @ptrCast(@alignCast(room)))[0 .. (n + 1 + p) * width];
    const work = room[0 .. p * width * 64];
    pbkdf2(hash.sha2.Sha256, password[0..password_size], salt[0..salt_size], 1, work);
    for (0..p) |i| {
        rom_mix(n, blocks[i * width ..][0..width], blocks[(p + 1) * width ..], blocks[p * width ..][0..width]);
    }
    pbkdf2(hash.sha2.Sha256, password[0..password_size], work, 1, out[0..size]);
    return true;
}
