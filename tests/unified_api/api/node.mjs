// The official Node client of one category, called by a test. The first line of standard input is whom it speaks for,
// every further one a call; each is answered by a line of standard output.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.argv[2], "package.json"));
const { MergeClient, MergeError, serialization } = require("@mergeapi/merge-node-client");

/** What went over the wire in the call that is under way, and what the client complains about in its answer. */
let exchange;
const fetched = globalThis.fetch;
globalThis.fetch = async (url, init) => {
    const response = await fetched(url, init);
    const content = Buffer.from(await response.clone().arrayBuffer()).toString("base64");
    const media = response.headers.get("content-type");
    Object.assign(exchange, { method: init.method, url, sent: init.body, status: response.status, media, content });
    return response;
};
console.warn = (complaint) => exchange.complaints.push(complaint);

/** JSON of the wire as somebody writes it for the client: names in its spelling, moments as dates. */
function typed(value) {
    if (typeof value === "string" && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return new Date(value);
    if (Array.isArray(value)) return value.map(typed);
    if (value === null || typeof value !== "object") return value;
    const data = (key) => key === "fields"; // its keys are names of a provider's
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, one]) => [spelled(key), data(key) ? one : typed(one)]));
}

const spelled = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** What the client gave, with dates and streams told apart from texts; null where it gives nothing. */
async function told(value) {
    if (value instanceof Date) return { $date: value.toISOString() };
    if (value?.[Symbol.asyncIterator]) {
        const chunks = [];
        for await (const chunk of value) chunks.push(chunk);
        return { $bytes: Buffer.concat(chunks).toString("base64") };
    }
    if (Array.isArray(value)) return Promise.all(value.map(told));
    if (value === null || typeof value !== "object") return value ?? null;
    const entries = Object.entries(value).map(async ([key, one]) => [key, await told(one)]);
    return Object.fromEntries(await Promise.all(entries));
}

const offered = (thing) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(thing)).filter((name) => !/^(_|constructor$)/.test(name));

/** Every call that the client has. */
const calls = (client) =>
    offered(client).flatMap((resource) => offered(client[resource]).map((verb) => `${resource}.${verb}`));

/** The keys of JSON that the client's types have, by the name of the type. */
async function types(category) {
    const objects = Object.entries(serialization[category]).filter(([, type]) => type?._getRawProperties);
    return Object.fromEntries(await Promise.all(objects.map(async ([name, type]) => [name, await type._getRawProperties()])));
}

async function outcome(client, { call, ids, request, headers }) {
    const [resource, verb] = call.split(".");
    const method = client[resource][verb];
    const takesRequest = /\brequest\b/.test(method.toString());
    exchange = { complaints: [] };
    try {
        const given = takesRequest ? [...ids, typed(request)] : ids;
        const answer = await method.call(client[resource], ...given, { headers });
        return { ...exchange, value: await told("getNextPage" in Object(answer) ? answer.response : answer) };
    } catch (error) {
        if (!(error instanceof MergeError)) return { ...exchange, fault: String(error) };
        return { ...exchange, error: { name: error.name, status: error.statusCode, body: error.body } };
    }
}

let client;
for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    client ??= new MergeClient(asked.options)[asked.category];
    const offers = async () => ({ calls: calls(client), types: await types(asked.category) });
    const answer = asked.call ? await outcome(client, asked) : await offers();
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
