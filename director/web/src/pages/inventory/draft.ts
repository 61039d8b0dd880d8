import { create, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { AccountSchema, AddAccountRequestSchema, Cloud, CredentialSchema, type AddAccountRequest } from "@/gen/holdfast/director/v1/inventory_pb";

/** What the forms of an account fill in: the API's own message. */
export type Draft = AddAccountRequest;

export function newDraft(): Draft {
  return create(AddAccountRequestSchema, { account: create(AccountSchema, { cloud: Cloud.GLOBAL, credential: "secret" }), credential: create(CredentialSchema) });
}

/** Drafts outlive a reload of the page without their secrets, which are typed again. */
export const keep = {
  key: "holdfast.draft.account",
  save: (d: Draft) => toJsonString(AddAccountRequestSchema, { ...d, credential: create(CredentialSchema) }),
  load: (text: string) => fromJsonString(AddAccountRequestSchema, text),
};

const id = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What is wrong with a tenant ID, which may be a domain name too; undefined for nothing. */
export function tenantProblem(text: string): string | undefined {
  if (id.test(text) || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(text)) return undefined;
  return "This is the Directory (tenant) ID of the application’s overview page, or a domain such as contoso.onmicrosoft.com.";
}

export function clientProblem(text: string): string | undefined {
  return id.test(text) ? undefined : "This is the Application (client) ID of the application’s overview page.";
}

/** What keeps the draft's account from being tried; undefined for nothing. With stored, an empty credential keeps the stored one. */
export function problemOf(d: Draft, stored = false): string | undefined {
  const a = d.account;
  if (!a?.name.trim()) return "Give the account a name.";
  if (tenantProblem(a.tenantId)) return "Enter the tenant ID.";
  if (clientProblem(a.clientId)) return "Enter the client ID.";
  if (a.cloud === Cloud.CUSTOM && (!a.authority || !a.graphRoot)) return "Enter the addresses of the cloud.";
  const given = a.credential === "certificate" ? (d.credential?.certificate.length ?? 0) > 0 : !!d.credential?.clientSecret;
  if (!given && !stored) return a.credential === "certificate" ? "Choose the certificate’s file." : "Enter the client secret.";
  return undefined;
}
