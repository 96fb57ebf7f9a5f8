//! AES (FIPS 197) in the modes ECB, CBC, CTR (SP 800-38A) and GCM (SP 800-38D), piece by piece.
const std = @import("std");
const aes = std.crypto.core.aes;
const Ghash = std.crypto.onetimeauth.Ghash;
const Block = aes.Block;

const wide = Block.parallel.optimal_parallel_blocks;

/// One block after the other: for AES-192, which std has not, and for what can not do several blocks at once.
const Serial = struct {
    keys: [15]Block,
    rounds: usize,

    fn init(self: *Serial, key: []const u8) void {
        const size = key.len / 4;
        self.rounds = size + 6;
        var words: [60]u32 = undefined;
        for (0..size) |i| words[i] = std.mem.readInt(u32, key[4 * i ..][0..4], .little);
        var round: u32 = 1;
        for (size..4 * (self.rounds + 1)) |i| {
            var word = words[i - 1];
            if (i % size == 0) {
                word = substitute(std.math.rotr(u32, word, 8)) ^ round;
                round = (round << 1) ^ (0x11b & (0 -% (round >> 7)));
            } else if (size > 6 and i % size == 4) word = substitute(word);
            words[i] = words[i - size] ^ word;
        }
        for (0..self.rounds + 1) |i| self.keys[i] = .{ .repr = words[4 * i ..][0..4].* };
    }

    /// The S-box on each byte: a last round of four equal columns, in which shifting rows changes nothing.
    fn substitute(word: u32) u32 {
        const columns = Block{ .repr = @splat(word) };
        return columns.encryptLast(.{ .repr = @splat(0) }).repr[0];
    }

    fn encrypt(self: *const Serial, out: *[16]u8, in: *const [16]u8) void {
        var block = Block.fromBytes(in).xorBlocks(self.keys[0]);
        for (self.keys[1..self.rounds]) |key| block = block.encrypt(key);
        out.* = block.encryptLast(self.keys[self.rounds]).toBytes();
    }

    fn decrypt(self: *const Serial, out: *[16]u8, in: *const [16]u8) void {
        var block = Block.fromBytes(in).xorBlocks(self.keys[self.rounds]);
        var i = self.rounds - 1;
        while (i > 0) : (i -= 1) block = block.decrypt(self.keys[i].invMixColumns());
        out.* = block.decryptLast(self.keys[0]).toBytes();
    }
};

const Way = enum { forward, back, chained };

const Key = union(enum) {
    short: aes.AesEncryptCtx(aes.Aes128),
    short_back: aes.AesDecryptCtx(aes.Aes128),
    serial: Serial,
    serial_back: Serial,
    long: aes.AesEncryptCtx(aes.Aes256),
    long_back: aes.AesDecryptCtx(aes.Aes256),

    fn init(self: *Key, key: []const u8, way: Way) void {
        if (way == .chained or key.len == 24) {
            if (way == .back) {
                self.* = .{ .serial_back = undefined };
                self.serial_back.init(key);
            } else {
                self.* = .{ .serial = undefined };
                self.serial.init(key);
            }
        } else if (key.len == 16) {
            self.* = if (way == .back) .{ .short_back = aes.Aes128.initDec(key[0..16].*) } else .{ .short = aes.Aes128.initEnc(key[0..16].*) };
        } else {
            self.* = if (way == .back) .{ .long_back = aes.Aes256.initDec(key[0..32].*) } else .{ .long = aes.Aes256.initEnc(key[0..32].*) };
        }
    }

    /// Whole blocks, in the key's direction; `out` may be `in`.
    fn run(self: *const Key, out: []u8, in: []const u8) void {
        var at: usize = 0;
        switch (self.*) {
            .serial => |*key| while (at < in.len) : (at += 16) key.encrypt(out[at..][0..16], in[at..][0..16]),
            .serial_back => |*key| while (at < in.len) : (at += 16) key.decrypt(out[at..][0..16], in[at..][0..16]),
            inline else => |*key, kind| while (at < in.len) : (at += 16 * wide) {
                var batch: [16 * wide]u8 = @splat(0);
                const size = @min(batch.len, in.len - at);
                @memcpy(batch[0..size], in[at..][0..size]);
                if (kind == .short or kind == .long) key.encryptWide(wide, &batch, &batch) else key.decryptWide(wide, &batch, &batch);
                @memcpy(out[at..][0..size], batch[0..size]);
            },
        }
    }
};

const Mode = enum(u32) { ecb, cbc, ctr, gcm };

const Cipher = struct {
    mode: Mode,
    decrypts: bool,
    pads: bool,
    key: Key,
    chain: [16]u8, // CBC: the last block of ciphertext; CTR and GCM: the counter
    rest: [16]u8, // ECB and CBC: bytes of the block to come; CTR and GCM: key stream
    held: usize, // of `rest`: so many bytes are there
    first: [16]u8, // GCM: the key stream of the tag
    ghash: Ghash,
    aad: u64,
    data: u64,

    /// CTR and GCM: `in` and the key stream.
    fn stream(self: *Cipher, out: []u8, in: []const u8) void {
        var at: usize = 0;
        while (at < in.len and self.held > 0) : (at += 1) {
            out[at] = in[at] ^ self.rest[16 - self.held];
            self.held -= 1;
        }
        var batch: [16 * 8]u8 = undefined;
        while (at < in.len) {
            const several: usize = @min(8, (in.len - at + 15) / 16);
            for (0..several) |i| {
                batch[16 * i ..][0..16].* = self.chain;
                self.count();
            }
            self.key.run(batch[0 .. 16 * several], batch[0 .. 16 * several]);
            const size = @min(in.len - at, 16 * several);
            for (out[at..][0..size], in[at..][0..size], batch[0..size]) |*o, i, k| o.* = i ^ k;
            at += size;
            self.held = 16 * several - size;
            self.rest = batch[16 * (several - 1) ..][0..16].*;
        }
    }

    fn count(self: *Cipher) void {
        if (self.mode == .gcm) {
            const low = self.chain[12..16];
            std.mem.writeInt(u32, low, std.mem.readInt(u32, low, .big) +% 1, .big);
        } else {
            std.mem.writeInt(u128, &self.chain, std.mem.readInt(u128, &self.chain, .big) +% 1, .big);
        }
    }

    /// ECB and CBC: whole blocks.
    fn blocks(self: *Cipher, out: []u8, in: []const u8) void {
        if (self.mode == .ecb) return self.key.run(out, in);
        var at: usize = 0;
        if (self.decrypts) {
            while (at < in.len) {
                const size = @min(in.len - at, 16 * 8);
                self.key.run(out[at..][0..size], in[at..][0..size]);
                for (0..size / 16) |i| {
                    for (out[at + 16 * i ..][0..16], self.chain) |*o, c| o.* ^= c;
                    self.chain = in[at + 16 * i ..][0..16].*;
                }
                at += size;
            }
        } else while (at < in.len) : (at += 16) {
            for (&self.chain, in[at..][0..16]) |*c, i| c.* ^= i;
            self.key.run(&self.chain, &self.chain);
            out[at..][0..16].* = self.chain;
        }
    }

    /// Returns how many bytes it wrote; `out` has room for 16 more than `in`. What is padded keeps its last block when decrypting.
    fn pieces(self: *Cipher, out: []u8, in: []const u8) usize {
        var data = in;
        var written: usize = 0;
        const keeps = @intFromBool(self.decrypts and self.pads);
        if (self.held > 0) {
            const taken = @min(16 - self.held, data.len);
            @memcpy(self.rest[self.held..][0..taken], data[0..taken]);
            self.held += taken;
            data = data[taken..];
            if (self.held < 16 or (keeps == 1 and data.len == 0)) return 0;
            self.blocks(out[0..16], &self.rest);
            written = 16;
        }
        const whole = (data.len -| keeps) / 16 * 16;
        self.blocks(out[written..][0..whole], data[0..whole]);
        self.held = data.len - whole;
        @memcpy(self.rest[0..self.held], data[whole..]);
        return written + whole;
    }

    /// Returns the bytes of the last block, -1 when the data is not whole blocks, -2 when its padding is wrong.
    fn last(self: *Cipher, out: *[16]u8) i32 {
        if (!self.pads) return if (self.held == 0) 0 else -1;
        if (!self.decrypts) {
            const missing: u8 = @intCast(16 - self.held);
            @memset(self.rest[self.held..], missing);
            self.blocks(out, &self.rest);
            return 16;
        }
        if (self.held != 16) return -1;
        self.blocks(out, &self.rest);
        const padding = out[15];
        var wrong = @intFromBool(padding == 0) | @intFromBool(padding > 16);
        for (out, 0..) |byte, i| wrong |= @intFromBool(i + padding >= 16) & @intFromBool(byte != padding);
        return if (wrong == 1) -2 else 16 - @as(i32, padding);
    }

    fn start_gcm(self: *Cipher, iv: []const u8) void {
        const zero: [16]u8 = @splat(0);
        var h: [16]u8 = undefined;
        self.key.run(&h, &zero);
        self.ghash = Ghash.init(&h);
        self.chain = @splat(0);
        if (iv.len == 12) {
            @memcpy(self.chain[0..12], iv);
            self.chain[15] = 1;
        } else {
            var hashed = self.ghash;
            hashed.update(iv);
            hashed.pad();
            var lengths: [16]u8 = @splat(0);
            std.mem.writeInt(u64, lengths[8..], @as(u64, iv.len) * 8, .big);
            hashed.update(&lengths);
            hashed.final(&self.chain);
        }
        self.key.run(&self.first, &self.chain);
        self.count();
    }
};

fn cast(state: *anyopaque) *Cipher {
    return @ptrCast(@alignCast(state));
}

export fn crypto_cipher_size() u32 {
    return @sizeOf(Cipher);
}

/// The caller has checked the sizes: a key of 16, 24 or 32 bytes; an IV of 16 for CBC and CTR, none for ECB.
export fn crypto_cipher_init(state: *anyopaque, mode: u32, decrypts: bool, key: [*]const u8, key_size: usize, iv: [*]const u8, iv_size: usize) void {
    const self = cast(state);
    self.mode = @enumFromInt(mode);
    self.decrypts = decrypts;
    self.held = 0;
    self.aad = 0;
    self.data = 0;
    self.pads = self.mode == .ecb or self.mode == .cbc;
    const back: Way = if (decrypts and self.pads) .back else .forward;
    self.key.init(key[0..key_size], if (self.mode == .cbc and !decrypts) .chained else back);
    switch (self.mode) {
        .ecb => {},
        .gcm => self.start_gcm(iv[0..iv_size]),
        else => self.chain = iv[0..16].*,
    }
}

export fn crypto_cipher_padding(state: *anyopaque, pads: bool) void {
    if (cast(state).mode == .ecb or cast(state).mode == .cbc) cast(state).pads = pads;
}

export fn crypto_cipher_aad(state: *anyopaque, data: [*]const u8, size: usize) void {
    const self = cast(state);
    self.ghash.update(data[0..size]);
    self.aad += size;
}

export fn crypto_cipher_update(state: *anyopaque, out: [*]u8, in: [*]const u8, size: usize) usize {
    const self = cast(state);
    switch (self.mode) {
        .ecb, .cbc => return self.pieces(out[0 .. size + 16], in[0..size]),
        .ctr => self.stream(out[0..size], in[0..size]),
        .gcm => {
            if (self.data == 0) self.ghash.pad();
            self.data += size;
            if (self.decrypts) self.ghash.update(in[0..size]);
            self.stream(out[0..size], in[0..size]);
            if (!self.decrypts) self.ghash.update(out[0..size]);
        },
    }
    return size;
}

/// `last`, and of GCM the tag: 0.
export fn crypto_cipher_final(state: *anyopaque, out: *[16]u8) i32 {
    const self = cast(state);
    switch (self.mode) {
        .ecb, .cbc => return self.last(out),
        .ctr => return 0,
        .gcm => {
            self.ghash.pad();
            var lengths: [16]u8 = undefined;
            std.mem.writeInt(u64, lengths[0..8], self.aad * 8, .big);
            std.mem.writeInt(u64, lengths[8..], self.data * 8, .big);
            self.ghash.update(&lengths);
            self.ghash.final(out);
            for (out, self.first) |*o, f| o.* ^= f;
            return 0;
        },
    }
}
