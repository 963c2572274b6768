// An authenticator with one ES256 key, and the page that asks it: what a
// browser's navigator.credentials would answer, in JSON.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const b64 = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const uint16 = (n) => Buffer.from([n >> 8, n & 255]);
const uint32 = (n) => Buffer.concat([uint16(n >>> 16), uint16(n & 0xffff)]);

function cbor(v) {
  const head = (major, n) =>
    n < 24 ? Buffer.from([(major << 5) | n])
    : n < 256 ? Buffer.from([(major << 5) | 24, n])
    : Buffer.concat([Buffer.from([(major << 5) | 25]), uint16(n)]);
  if (typeof v === "number") return v < 0 ? head(1, -1 - v) : head(0, v);
  if (typeof v === "string") return Buffer.concat([head(3, Buffer.byteLength(v)), Buffer.from(v)]);
  if (v instanceof Uint8Array) return Buffer.concat([head(2, v.length), v]);
  return Buffer.concat([head(5, v.size), ...[...v].flat().map(cbor)]);
}

export class Authenticator {
  id = randomBytes(32);
  keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  count = 0;

  constructor(origin) {
    this.origin = origin;
  }

  /** Answers the options of a registration. */
  create(options) {
    this.user = options.user.id;
    const { x, y } = this.keys.publicKey.export({ format: "jwk" });
    const key = cbor(
      new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, "base64url")], [-3, Buffer.from(y, "base64url")]]),
    );
    const authData = Buffer.concat([this.#state(options.rp.id, 0x45), Buffer.alloc(16), uint16(this.id.length), this.id, key]);
    const object = cbor(new Map([["fmt", "none"], ["attStmt", new Map()], ["authData", authData]]));
    return this.#answer({
      clientDataJSON: this.#client("webauthn.create", options.challenge),
      attestationObject: b64(object),
      transports: ["internal"],
    });
  }

  /** Answers the options of a sign-in. */
  get(options) {
    const authData = this.#state(options.rpId, 0x05);
    const clientDataJSON = this.#client("webauthn.get", options.challenge);
    const said = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, "base64url"))]);
    return this.#answer({
      clientDataJSON,
      authenticatorData: b64(authData),
      signature: b64(sign("sha256", said, this.keys.privateKey)),
      userHandle: this.user,
    });
  }

  #state = (rp, flags) => Buffer.concat([sha256(rp), Buffer.from([flags]), uint32(++this.count)]);

  #client = (type, challenge) =>
    b64(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));

  #answer = (response) => ({
    id: b64(this.id), rawId: b64(this.id), type: "public-key", response,
    clientExtensionResults: {}, authenticatorAttachment: "platform",
  });
}
