// A certified OpenID provider on loopback. It prints its issuer once it answers
// and ends with its standard input. Whoever signs in as a name is that person;
// unproven-* have an address that nobody checked.
import http from "node:http";
import { Provider } from "oidc-provider";

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "shop",
        client_secret: "a-secret-that-the-shop-has",
        redirect_uris: ["http://127.0.0.1:1/auth/v1/callback"],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    cookies: { keys: ["loopback"] },
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@corp.example`,
        email_verified: !id.startsWith("unproven-"),
        name: id,
      }),
    }),
  });
  // The app's port is known only once it listens.
  provider.Client.prototype.redirectUriAllowed = (uri) =>
    /^http:\/\/127\.0\.0\.1:\d+\/auth\/v1\/callback$/.test(uri);
  server.on("request", provider.callback());
  console.log(`issuer ${issuer}`);
});
process.stdin.resume().on("end", () => process.exit());
