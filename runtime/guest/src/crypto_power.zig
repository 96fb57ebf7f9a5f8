//! Powers modulo an odd number, by Montgomery's multiplication: what std.crypto.ff does, in a third of its time on wasm,
//! for a wasm machine multiplies 32 bits by 32 to 64. Numbers are limbs of 32 bits, the lowest first. Only sizes and the
//! modulus of a public key decide a branch or an address; no secret does.
const std = @import("std");

pub const most_limbs = 4096 / 32;
pub const Limbs = [most_limbs]u32;

/// Big-endian bytes. They must fit.
pub fn read(bytes: []const u8, out: []u32) void {
    @memset(out, 0);
    for (0..bytes.len) |i| out[i / 4] |= @as(u32, bytes[bytes.len - 1 - i]) << @intCast(8 * (i % 4));
}

pub fn write(limbs: []const u32, out: []u8) void {
    for (0..out.len) |i| out[out.len - 1 - i] = if (i / 4 < limbs.len) @truncate(limbs[i / 4] >> @intCast(8 * (i % 4))) else 0;
}

/// out = a * b
pub fn multiply(a: []const u32, b: []const u32, out: []u32) void {
    @memset(out, 0);
    for (a, 0..) |x, i| out[i + b.len] = add_product(out[i..], b, x);
}

/// t += b * x, as many limbs as b has; returns what is carried beyond them.
fn add_product(t: []u32, b: []const u32, x: u32) u32 {
    var carry: u64 = 0;
    var j: usize = 0;
    while (j + 4 <= b.len) : (j += 4) { // unrolled: each turn of a loop asks whether the time is up
        inline for (0..4) |k| {
            carry += @as(u64, x) * b[j + k] + t[j + k];
            t[j + k] = @truncate(carry);
            carry >>= 32;
        }
    }
    while (j < b.len) : (j += 1) {
        carry += @as(u64, x) * b[j] + t[j];
        t[j] = @truncate(carry);
        carry >>= 32;
    }
    return @truncate(carry);
}

/// a += b; what does not fit is dropped.
pub fn add(a: []u32, b: []const u32) void {
    var carry: u64 = 0;
    for (a, 0..) |*x, i| {
        carry += @as(u64, x.*) + if (i < b.len) b[i] else 0;
        x.* = @truncate(carry);
        carry >>= 32;
    }
}

pub const Modulus = struct {
    limbs: Limbs,
    size: usize, // in limbs; the last one is not zero
    inverse: u32, // of -n modulo 2^32
    square: Limbs, // R^2 modulo n, R being 2^(32 * size)

    /// `n` without leading zeros.
    pub fn init(self: *Modulus, n: []const u8) !void {
        if (n.len == 0 or n.len > 4 * most_limbs or n[0] == 0 or n[n.len - 1] & 1 == 0 or (n.len == 1 and n[0] < 3)) return error.BadModulus;
        self.size = (n.len + 3) / 4;
        read(n, self.limbs[0..self.size]);
        var inverse: u32 = 1;
        for (0..5) |_| inverse *%= 2 -% self.limbs[0] *% inverse;
        self.inverse = 0 -% inverse;
        self.set_square();
    }

    fn number(self: *const Modulus) []const u32 {
        return self.limbs[0..self.size];
    }

    /// R^2 is Montgomery's form of R, which is 2 to the power of R's bits.
    fn set_square(self: *Modulus) void {
        const x = self.square[0..self.size];
        const top: u5 = @intCast(31 - @clz(self.limbs[self.size - 1]));
        @memset(x, 0);
        x[self.size - 1] = @as(u32, 1) << top;
        for (0..32 - @as(usize, top) + 1) |_| self.double(x); // 2R
        const bits: u32 = @intCast(32 * self.size);
        var at: u5 = @intCast(31 - @clz(bits));
        while (at > 0) {
            at -= 1;
            self.square_of(x);
            if (bits >> at & 1 == 1) self.double(x);
        }
    }

    fn double(self: *const Modulus, x: []u32) void {
        var carry: u32 = 0;
        for (x) |*limb| {
            const next = limb.* >> 31;
            limb.* = limb.* << 1 | carry;
            carry = next;
        }
        self.reduce_once(x, carry);
    }

    /// x less n, if x with this bit above it is not below n.
    fn reduce_once(self: *const Modulus, x: []u32, above: u32) void {
        var borrow: u64 = 0;
        for (x, self.number()) |limb, n| borrow = (@as(u64, limb) -% n -% borrow) >> 63;
        const mask = 0 -% (above | (1 ^ @as(u32, @truncate(borrow))));
        borrow = 0;
        for (x, self.number()) |*limb, n| {
            const less = @as(u64, limb.*) -% (n & mask) -% borrow;
            limb.* = @truncate(less);
            borrow = less >> 63;
        }
    }

    /// out = a * b / R. One of them must be below n, both below R.
    pub fn product(self: *const Modulus, out: []u32, a: []const u32, b: []const u32) void {
        const size = self.size;
        const n = self.limbs[0..size];
        var room: Limbs = undefined;
        const t = room[0..size];
        @memset(t, 0);
        var above: u64 = 0;
        for (a[0..size]) |x| {
            var low = @as(u64, x) * b[0] + t[0];
            const factor = @as(u32, @truncate(low)) *% self.inverse;
            var high = @as(u64, factor) * n[0] + @as(u32, @truncate(low));
            var carry = low >> 32;
            var other = high >> 32;
            var j: usize = 1;
            while (j + 4 <= size) : (j += 4) { // unrolled: each turn of a loop asks whether the time is up
                inline for (0..4) |k| {
                    low = @as(u64, x) * b[j + k] + t[j + k] + carry;
                    carry = low >> 32;
                    high = @as(u64, factor) * n[j + k] + @as(u32, @truncate(low)) + other;
                    other = high >> 32;
                    t[j + k - 1] = @truncate(high);
                }
            }
            while (j < size) : (j += 1) {
                low = @as(u64, x) * b[j] + t[j] + carry;
                carry = low >> 32;
                high = @as(u64, factor) * n[j] + @as(u32, @truncate(low)) + other;
                other = high >> 32;
                t[j - 1] = @truncate(high);
            }
            above += carry + other;
            t[size - 1] = @truncate(above);
            above >>= 32;
        }
        self.reduce_once(t, @truncate(above));
        @memcpy(out[0..size], t);
    }

    /// x = x * x / R: each product of two different limbs once.
    fn square_of(self: *const Modulus, x: []u32) void {
        const size = self.size;
        var room: [2 * most_limbs]u32 = undefined;
        const t = room[0 .. 2 * size];
        @memset(t, 0);
        for (0..size) |i| t[i + size] = add_product(t[2 * i + 1 ..], x[i + 1 .. size], x[i]);
        var carry: u64 = 0;
        var bit: u32 = 0;
        for (0..size) |i| {
            const whole = @as(u64, x[i]) * x[i];
            inline for (.{ @as(u32, @truncate(whole)), @as(u32, @truncate(whole >> 32)) }, 0..) |part, k| {
                const limb = t[2 * i + k];
                carry += @as(u64, limb << 1 | bit) + part;
                bit = limb >> 31;
                t[2 * i + k] = @truncate(carry);
                carry >>= 32;
            }
        }
        var above: u64 = 0;
        for (0..size) |i| {
            above += @as(u64, t[i + size]) + add_product(t[i..], self.limbs[0..size], t[i] *% self.inverse);
            t[i + size] = @truncate(above);
            above >>= 32;
        }
        self.reduce_once(t[size..], @truncate(above));
        @memcpy(x[0..size], t[size..]);
    }

    /// Montgomery's form of a number of any size.
    pub fn enter(self: *const Modulus, x: []const u32, out: []u32) void {
        const size = self.size;
        @memset(out[0..size], 0);
        var parts = (x.len + size - 1) / size;
        while (parts > 0) {
            parts -= 1;
            var part: Limbs = @splat(0);
            const rest = x[parts * size ..];
            const taken = @min(rest.len, size);
            @memcpy(part[0..taken], rest[0..taken]);
            self.product(&part, &part, &self.square);
            self.product(out, out, &self.square);
            var carry: u64 = 0;
            for (out[0..size], part[0..size]) |*o, p| {
                carry += @as(u64, o.*) + p;
                o.* = @truncate(carry);
                carry >>= 32;
            }
            self.reduce_once(out[0..size], @truncate(carry));
        }
    }

    /// Back from Montgomery's form.
    pub fn leave(self: *const Modulus, x: []u32) void {
        var plain: Limbs = @splat(0);
        plain[0] = 1;
        self.product(x, x, &plain);
    }

    /// a -= b, both below n
    pub fn subtract(self: *const Modulus, a: []u32, b: []const u32) void {
        var borrow: u64 = 0;
        for (a[0..self.size], b[0..self.size]) |*x, y| {
            const less = @as(u64, x.*) -% y -% borrow;
            x.* = @truncate(less);
            borrow = less >> 63;
        }
        const mask = 0 -% @as(u32, @truncate(borrow));
        var carry: u64 = 0;
        for (a[0..self.size], self.number()) |*x, n| {
            carry += @as(u64, x.*) + (n & mask);
            x.* = @truncate(carry);
            carry >>= 32;
        }
    }

    /// x to the power of a secret, four bits at a time; all in Montgomery's form. The whole table is read for each four.
    pub fn power(self: *const Modulus, x: []u32, exponent: []const u8) void {
        const size = self.size;
        var table: [16]Limbs = undefined;
        self.one(&table[0]);
        for (1..16) |i| self.product(&table[i], &table[i - 1], x);
        self.one(x);
        var chosen: Limbs = undefined;
        for (0..2 * exponent.len) |i| {
            const four = if (i % 2 == 0) exponent[i / 2] >> 4 else exponent[i / 2] & 15;
            for (0..4) |_| self.square_of(x);
            @memset(chosen[0..size], 0);
            for (&table, 0..) |*entry, number_| {
                const mask = 0 -% ((@as(u32, four ^ @as(u8, @intCast(number_))) -% 1) >> 31);
                for (chosen[0..size], entry[0..size]) |*c, e| c.* |= e & mask;
            }
            self.product(x, x, &chosen);
        }
    }

    /// x to the power of a number that is no secret.
    pub fn power_public(self: *const Modulus, x: []u32, exponent: []const u8) void {
        var base: Limbs = undefined;
        @memcpy(base[0..self.size], x[0..self.size]);
        self.one(x);
        var started = false;
        for (exponent) |byte| {
            for (0..8) |i| {
                if (started) self.square_of(x);
                if (byte >> @intCast(7 - i) & 1 == 0) continue;
                if (started) self.product(x, x, &base) else @memcpy(x[0..self.size], base[0..self.size]);
                started = true;
            }
        }
    }

    fn one(self: *const Modulus, out: []u32) void {
        var plain: Limbs = @splat(0);
        plain[0] = 1;
        self.product(out, &plain, &self.square);
    }
};
