// A Graph client that is not ours: Microsoft's own, as any program uses it. It knows no address of the simulated tenant;
// HTTPS_PROXY and NODE_EXTRA_CA_CERTS lead it there. It prints one line of JSON with what it saw.
import { ClientSecretCredential } from "@azure/identity";
import { Client, PageIterator } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";

// Node's fetch asks no proxy by itself; @azure/identity does.
setGlobalDispatcher(new EnvHttpProxyAgent());

const [tenant, clientID, secret, user] = process.argv.slice(2);
const credential = new ClientSecretCredential(tenant, clientID, secret);
const client = Client.initWithMiddleware({
  authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: ["https://graph.microsoft.com/.default"] }),
});
const seen = {};

const users = await client.api("/users").select("id,userPrincipalName").top(5).get();
seen.users = 0;
await new PageIterator(client, users, () => ++seen.users > 0).iterate();

const folders = await client.api(`/users/${user}/mailFolders`).query({ includeHiddenFolders: "true" }).top(100).get();
seen.folders = folders.value.map((f) => f.displayName);
const inbox = await client.api(`/users/${user}/mailFolders/inbox`).get();

// Two forms of the function, the page size on every page, and the changes after it.
const prefer = 'IdType="ImmutableId", odata.maxpagesize=4';
async function delta(link) {
  const found = [];
  let pages = 0;
  while (link) {
    const page = await client.api(link).header("Prefer", prefer).get();
    pages++;
    found.push(...page.value);
    if (page["@odata.deltaLink"]) return { found, pages, deltaLink: page["@odata.deltaLink"] };
    link = page["@odata.nextLink"];
  }
}
const first = await delta(`/users/${user}/mailFolders/${inbox.id}/messages/delta()`);
seen.messages = first.found.map((m) => m.subject).sort();
seen.pages = first.pages;

const withFile = first.found.find((m) => m.hasAttachments);
const attachments = await client.api(`/users/${user}/messages/${withFile.id}/attachments`).get();
const text = await client.api(`/users/${user}/messages/${withFile.id}/attachments/${attachments.value[0].id}/$value`).responseType("text").get();
seen.attachment = { name: attachments.value[0].name, listed: Buffer.from(attachments.value[0].contentBytes, "base64").toString(), value: text };
seen.mime = (await client.api(`/users/${user}/messages/${withFile.id}/$value`).responseType("text").get()).includes("Subject: ");

const made = await client.api(`/users/${user}/mailFolders/inbox/messages`).header("Prefer", prefer).post({
  subject: "made abroad", body: { contentType: "HTML", content: "<p>hello</p>" },
  toRecipients: [{ emailAddress: { address: "ada@contoso.example" } }],
  singleValueExtendedProperties: [{ id: "Integer 0x0E07", value: "1" }],
});
seen.made = { subject: made.subject, isDraft: made.isDraft };

const large = Buffer.alloc(5 * 1024 * 1024, "abcdefgh");
const session = await client.api(`/users/${user}/messages/${made.id}/attachments/createUploadSession`)
  .post({ AttachmentItem: { attachmentType: "file", name: "large.bin", size: large.length } });
seen.uploadHost = new URL(session.uploadUrl).host;
let at = 0;
let location = "";
while (at < large.length) {
  const end = Math.min(at + 3 * 1024 * 1024, large.length);
  const reply = await fetch(session.uploadUrl, {
    method: "PUT", body: large.subarray(at, end),
    headers: { "Content-Type": "application/octet-stream", "Content-Range": `bytes ${at}-${end - 1}/${large.length}` },
  });
  if (!reply.ok) throw new Error(`upload: ${reply.status} ${await reply.text()}`);
  if (reply.status === 201) {
    location = reply.headers.get("Location");
    break;
  }
  at = Number((await reply.json()).NextExpectedRanges[0]);
}
seen.uploaded = new URL(location).host;

const batch = await client.api("/$batch").post({
  requests: [
    { id: "1", method: "GET", url: `/users/${user}/mailFolders/inbox` },
    { id: "2", method: "GET", url: `/users/${user}/mailFolders/clutter` },
    { id: "3", method: "PATCH", url: `/users/${user}/messages/${made.id}`, headers: { "Content-Type": "application/json" }, body: { isRead: false } },
  ],
});
seen.batch = Object.fromEntries(batch.responses.map((r) => [r.id, r.status]));

const later = await delta(first.deltaLink);
seen.later = [...new Set(later.found.map((m) => m.id))].length;

try {
  await client.api(`/users/${user}/messages/nonsense`).get();
} catch (e) {
  seen.error = { status: e.statusCode, code: e.code, id: Boolean(e.requestId) };
}
try {
  await new ClientSecretCredential(tenant, clientID, "wrong").getToken("https://graph.microsoft.com/.default");
} catch (e) {
  seen.refused = /AADSTS7000215/.test(e.message);
}
console.log(JSON.stringify(seen));
