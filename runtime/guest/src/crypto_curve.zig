//! ECDSA (FIPS 186-5) and ECDH on P-256, P-384 and secp256k1; Ed25519 (RFC 8032) and X25519 (RFC 7748).
const std = @import("std");
const ecdsa = std.crypto.sign.ecdsa;
const Ed25519 = std.crypto.sign.Ed25519;
const X25519 = std.crypto.dh.X25519;

extern fn random_bytes(out: [*]u8, size: u32) void;

/// A curve's number is its place here, with a hash as long as its scalars; node/crypto/curves.js has the same list.
const schemes = [_]type{
    ecdsa.EcdsaP256Sha256,
    ecdsa.EcdsaP384Sha384,
    ecdsa.EcdsaSecp256k1Sha256,
};
const curves = [_]type{ std.crypto.ecc.P256, std.crypto.ecc.P384, std.crypto.ecc.Secp256k1 };

fn random(comptime size: u32) [size]u8 {
    var bytes: [size]u8 = undefined;
    random_bytes(&bytes, size);
    return bytes;
}

/// The leftmost bits of a digest, as many as a scalar has, as a number of that many bytes (FIPS 186-5, section 6.4.1).
fn leftmost(comptime size: usize, digest: []const u8) [size]u8 {
    var out: [size]u8 = @splat(0);
    const taken = @min(size, digest.len);
    @memcpy(out[size - taken ..], digest[0..taken]);
    return out;
}

fn pair(comptime S: type, secret: []const u8) !S.KeyPair {
    if (secret.len != S.SecretKey.encoded_length) return error.InvalidEncoding;
    _ = try scalar(S, secret[0..S.SecretKey.encoded_length].*);
    return S.KeyPair.fromSecretKey(try S.SecretKey.fromBytes(secret[0..S.SecretKey.encoded_length].*));
}

fn scalar(comptime S: type, bytes: [S.SecretKey.encoded_length]u8) !void {
    inline for (schemes, curves) |scheme, C| if (scheme == S) {
        const number = try C.scalar.Scalar.fromBytes(bytes, .big);
        if (number.isZero()) return error.IdentityElement;
    };
}

fn sign(comptime S: type, secret: []const u8, digest: []const u8, out: [*]u8) !void {
    if (secret.len != S.SecretKey.encoded_length) return error.InvalidEncoding;
    try scalar(S, secret[0..S.SecretKey.encoded_length].*);
    // What it holds as public key is not used to sign, and to compute it costs as much as the signature.
    const keys = S.KeyPair{ .secret_key = try S.SecretKey.fromBytes(secret[0..S.SecretKey.encoded_length].*), .public_key = undefined };
    const signature = try keys.signPrehashed(leftmost(S.SecretKey.encoded_length, digest), random(S.noise_length));
    out[0..S.Signature.encoded_length].* = signature.toBytes();
}

/// A signature is r and s, each as long as the secret. The nonce depends on the key, the message and fresh entropy.
export fn crypto_ec_sign(curve: u32, secret: [*]const u8, secret_size: usize, digest: [*]const u8, size: usize, out: [*]u8) bool {
    inline for (schemes, 0..) |S, i| if (curve == i) {
        sign(S, secret[0..secret_size], digest[0..size], out) catch return false;
        return true;
    };
    return false;
}

fn verify(comptime S: type, public: []const u8, digest: []const u8, signature: []const u8) !void {
    if (signature.len != S.Signature.encoded_length) return error.InvalidEncoding;
    const key = try S.PublicKey.fromSec1(public);
    const given = S.Signature.fromBytes(signature[0..S.Signature.encoded_length].*);
    try given.verifyPrehashed(leftmost(S.SecretKey.encoded_length, digest), key);
}

export fn crypto_ec_verify(curve: u32, public: [*]const u8, public_size: usize, digest: [*]const u8, size: usize, signature: [*]const u8, signature_size: usize) bool {
    inline for (schemes, 0..) |S, i| if (curve == i) {
        verify(S, public[0..public_size], digest[0..size], signature[0..signature_size]) catch return false;
        return true;
    };
    return false;
}

/// Bytes of a secret; a public key has twice as many and one more.
export fn crypto_ec_size(curve: u32) u32 {
    inline for (schemes, 0..) |S, i| if (curve == i) return S.SecretKey.encoded_length;
    return 0;
}

export fn crypto_ec_generate(curve: u32, secret: [*]u8, public: [*]u8) bool {
    inline for (schemes, 0..) |S, i| if (curve == i) {
        const keys = S.KeyPair.generateDeterministic(random(S.KeyPair.seed_length)) catch return false;
        secret[0..S.SecretKey.encoded_length].* = keys.secret_key.toBytes();
        public[0..S.PublicKey.uncompressed_sec1_encoded_length].* = keys.public_key.toUncompressedSec1();
        return true;
    };
    return false;
}

export fn crypto_ec_public(curve: u32, secret: [*]const u8, size: usize, public: [*]u8) bool {
    inline for (schemes, 0..) |S, i| if (curve == i) {
        const keys = pair(S, secret[0..size]) catch return false;
        public[0..S.PublicKey.uncompressed_sec1_encoded_length].* = keys.public_key.toUncompressedSec1();
        return true;
    };
    return false;
}

/// A point of the curve, compressed or not, uncompressed. False for what is no point.
export fn crypto_ec_point(curve: u32, point: [*]const u8, size: usize, public: [*]u8) bool {
    inline for (schemes, 0..) |S, i| if (curve == i) {
        const key = S.PublicKey.fromSec1(point[0..size]) catch return false;
        key.p.rejectIdentity() catch return false;
        public[0..S.PublicKey.uncompressed_sec1_encoded_length].* = key.toUncompressedSec1();
        return true;
    };
    return false;
}

fn derive(comptime S: type, secret: []const u8, public: []const u8, out: [*]u8) !void {
    if (secret.len != S.SecretKey.encoded_length) return error.InvalidEncoding;
    const key = try S.PublicKey.fromSec1(public);
    try key.p.rejectIdentity();
    const shared = try key.p.mul(secret[0..S.SecretKey.encoded_length].*, .big);
    out[0..S.SecretKey.encoded_length].* = shared.affineCoordinates().x.toBytes(.big);
}

/// ECDH (SP 800-56A): the shared point's x.
export fn crypto_ec_derive(curve: u32, secret: [*]const u8, size: usize, public: [*]const u8, public_size: usize, out: [*]u8) bool {
    inline for (schemes, 0..) |S, i| if (curve == i) {
        derive(S, secret[0..size], public[0..public_size], out) catch return false;
        return true;
    };
    return false;
}

export fn crypto_ed25519_public(seed: *const [32]u8, public: *[32]u8) bool {
    const keys = Ed25519.KeyPair.generateDeterministic(seed.*) catch return false;
    public.* = keys.public_key.toBytes();
    return true;
}

export fn crypto_ed25519_sign(seed: *const [32]u8, data: [*]const u8, size: usize, out: *[64]u8) bool {
    const keys = Ed25519.KeyPair.generateDeterministic(seed.*) catch return false;
    const signature = keys.sign(data[0..size], null) catch return false;
    out.* = signature.toBytes();
    return true;
}

export fn crypto_ed25519_verify(public: *const [32]u8, data: [*]const u8, size: usize, signature: *const [64]u8) bool {
    const key = Ed25519.PublicKey.fromBytes(public.*) catch return false;
    Ed25519.Signature.fromBytes(signature.*).verify(data[0..size], key) catch return false;
    return true;
}

/// With the base point for a public key. False when the result is zero, as the other side's point was of small order.
export fn crypto_x25519(secret: *const [32]u8, public: ?*const [32]u8, out: *[32]u8) bool {
    const result = if (public) |point| X25519.scalarmult(secret.*, point.*) else X25519.recoverPublicKey(secret.*);
    out.* = result catch return false;
    return true;
}
