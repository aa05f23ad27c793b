// A certified OpenID provider with two clients and whoever logs in: started with a folder in which its package is installed, it prints
// its address and serves until it is ended.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, callback] = process.argv.slice(2);
const found = createRequire(pathToFileURL(`${folder}/`)).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found).href);

const client = (id, method) => ({
  client_id: id,
  client_secret: `secret of ${id}: %+&`,
  redirect_uris: [callback.replace("NAME", id)],
  grant_types: ["authorization_code"],
  response_types: ["code"],
  token_endpoint_auth_method: method,
});

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [client("web", "client_secret_post"), client("other", "client_secret_basic")],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    async findAccount(_, id) {
      return {
        accountId: id,
        claims: async () => ({ sub: id, name: id, email: `${id}@example.com`, email_verified: id !== "mallory" }),
      };
    },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
