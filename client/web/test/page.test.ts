// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";

import type * as Strata from "../src/strata.js";

interface Numbers {
  shape: number[];
  values: number[];
}

/** What tests/client/test_web.py runs for these tests, and what the Python client was answered. */
interface Setting {
  chromium: string;
  /** The page, at the origin that may ask. */
  page: string;
  /** The same page at another one. */
  foreign_page: string;
  /** Envoy; its server does not answer more than a MiB at once. */
  url: string;
  /** That server's metrics. */
  metrics: string;
  /** Another Envoy, and the process of its server, which may be killed. */
  doomed_url: string;
  doomed_pid: number;
  /** Nothing listens there. */
  closed_url: string;
  model: string;
  texts: string[];
  layers: number[];
  /** Of each text. */
  hidden_states: Numbers[];
  pooled: Numbers[];
}

const file = process.env.STRATA_WEB_TEST;
if (!file) throw new Error("run tests/client/test_web.py, which sets STRATA_WEB_TEST");
const setting: Setting = JSON.parse(readFileSync(file, "utf8"));

/** What a call failed with, as it leaves the browser. */
type Failure = Pick<Strata.StrataError, "name" | "message" | "reason" | "field">;

/** Of these functions each runs in the page, which has the library by this name. */
declare const strata: typeof Strata;
declare const request: Strata.EncodeRequest;
declare const failureOf: (call: Promise<unknown>) => Promise<Failure>;
declare const kill: () => Promise<void>;

let browser: Browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: setting.chromium,
    // Root has no sandbox; the others keep the browser from asking the network.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(() => browser.close());

/** The page, asking this server. */
async function open(url: string, at = setting.page): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${at}/?server=${encodeURIComponent(url)}`);
  return page;
}

/** A page that has the library, and a request for the setting's texts. */
async function withLibrary(): Promise<Page> {
  const page = await open(setting.url);
  const { model, texts, layers } = setting;
  const request = {
    model,
    inputs: texts.map((value) => ({ content: { case: "text", value } })),
    outputs: [{ layers }],
  };
  await page.evaluate(async (given) => {
    const module = "/strata.js";
    Object.assign(globalThis, {
      strata: await import(module),
      request: given,
      failureOf: (call: Promise<unknown>) =>
        call.then(
          () => ({ name: "none" }),
          ({ name, message, reason, field }) => ({ name, message, reason, field }),
        ),
    });
  }, request);
  return page;
}

async function content(page: Page, id: string, expected: RegExp): Promise<string> {
  await page.locator(`#${id}`).filter({ hasText: expected }).waitFor();
  return (await page.locator(`#${id}`).textContent())!;
}

function check(got: Numbers, expected: Numbers): void {
  assert.deepEqual(got.shape, expected.shape);
  expected.values.forEach((value, place) => {
    const difference = Math.abs(got.values[place]! - value);
    assert.ok(difference <= 1e-5 * (1 + Math.abs(value)), `number ${place}: ${got.values[place]} for ${value}`);
  });
}

function checkFailure(failure: Failure, message: RegExp, reason: string): void {
  assert.equal(failure.name, "StrataError", failure.message);
  assert.match(failure.message, message);
  assert.equal(failure.reason, reason);
}

suite("the page", () => {
  test("compares two texts", async () => {
    const page = await open(setting.url);
    assert.match(await content(page, "output", /version/), new RegExp(`^${setting.model}, version 1: READY`));
    await page.fill("#text", setting.texts[0]!);
    await page.fill("#other", setting.texts[1]!);
    await page.click("#compare");
    const [cosine, ...vectors] = (await content(page, "output", /cosine/)).split("\n");
    const [a, b] = setting.pooled as [Numbers, Numbers];
    const expected = a.values.reduce((sum, value, i) => sum + value * b.values[i]!, 0);
    assert.ok(Math.abs(Number(cosine!.split(" ").at(-1)) - expected) < 1e-4, `${cosine} for ${expected}`);
    vectors.forEach((line, i) => {
      const [, shape, numbers] = /^\[(.*)\]: (.*) \.\.\.$/.exec(line)!;
      const { shape: expectedShape, values } = setting.pooled[i]!;
      assert.equal(shape, expectedShape.join(", "));
      numbers!.split(" ").forEach((number, place) => assert.ok(Math.abs(Number(number) - values[place]!) < 1e-4, line));
    });
  });

  test("shows every layer", async () => {
    const page = await open(setting.url);
    await page.fill("#text", setting.texts[0]!);
    await content(page, "output", /version/);
    await page.click("#layers");
    const [, pieces, width] = setting.hidden_states[0]!.shape;
    assert.match(await content(page, "output", /\d bytes$/), new RegExp(`\\n\\[\\d+, ${pieces}, ${width}\\]: `));
  });

  test("shows the reason of an error", async () => {
    const page = await open(setting.url);
    await content(page, "output", /version/);
    await page.fill("#text", "too long ".repeat(10_000));
    await page.click("#compare");
    assert.match(await content(page, "error", /./), /^InvalidArgument \(INPUT_TOO_LONG\): /);
  });

  test("is refused at another origin", async () => {
    const page = await browser.newPage();
    const refused = page.waitForEvent("console", (message) => message.text().includes("blocked by CORS policy"));
    await page.goto(`${setting.foreign_page}/?server=${encodeURIComponent(setting.url)}`);
    await refused;
    const shown = await content(page, "error", /./);
    assert.ok(shown.startsWith("Unavailable: "), shown);
    assert.ok(shown.includes(`pages of ${setting.foreign_page} may not ask`), shown);
  });
});

suite("the library", () => {
  let page: Page;

  before(async () => {
    page = await withLibrary();
  });

  for (const method of ["encode", "encodeInParts"] as const) {
    test(`${method} gives the numbers that Python gets`, async () => {
      const got = await page.evaluate(
        async ({ url, method }) => {
          const { encodings } = await new strata.Client(url)[method](request);
          return encodings.map(({ outputs }) => {
            const { shape, values } = strata.floats(outputs[0]!.tensor!);
            return { shape, values: [...values] };
          });
        },
        { url: setting.url, method },
      );
      assert.equal(got.length, setting.texts.length);
      got.forEach((numbers, i) => check(numbers, setting.hidden_states[i]!));
    });
  }

  test("takes an answer in parts that is too large for one message", async () => {
    const { refused, bytes, shape, wrong, parts } = await page.evaluate(
      async ({ url, times, layers, expected }) => {
        const client = new strata.Client(url);
        const large = { ...request, outputs: [{ layers: Array(times).fill(layers).flat() }] };
        const refused = await failureOf(client.encode(large));
        let parts = 0;
        const { encodings } = await client.encodeInParts(large, { onProgress: () => void parts++ });
        let wrong = 0;
        let bytes = 0;
        encodings.forEach(({ outputs }, i) => {
          const { values } = strata.floats(outputs[0]!.tensor!);
          const { length } = expected[i]!.values;
          bytes += values.byteLength;
          values.forEach((value, place) => {
            const correct = expected[i]!.values[place % length]!;
            if (!(Math.abs(value - correct) <= 1e-5 * (1 + Math.abs(correct)))) wrong++;
          });
        });
        return { refused, bytes, shape: strata.floats(encodings[0]!.outputs[0]!.tensor!).shape, wrong, parts };
      },
      { url: setting.url, times: 1000, layers: setting.layers, expected: setting.hidden_states },
    );
    checkFailure(refused, /^FailedPrecondition/, "REPLY_TOO_LARGE");
    const [layers, ...rest] = setting.hidden_states[0]!.shape;
    assert.deepEqual(shape, [1000 * layers!, ...rest]);
    assert.ok(bytes > 8 * 2 ** 20, `${bytes} bytes`);
    assert.ok(parts > 100, `${parts} parts`);
    assert.equal(wrong, 0);
  });

  test("names the reason of an error", async () => {
    for (const method of ["encode", "encodeInParts"] as const) {
      const [unknown, malformed] = await page.evaluate(
        async ({ url, method }) => {
          const client = new strata.Client(url);
          return [
            await failureOf(client[method]({ ...request, model: "nobody" })),
            await failureOf(client[method]({ ...request, outputs: [{ layers: [99] }] })),
          ] as const;
        },
        { url: setting.url, method },
      );
      checkFailure(unknown, /^NotFound \(MODEL_NOT_FOUND\): .*nobody/, "MODEL_NOT_FOUND");
      checkFailure(malformed, /^InvalidArgument/, "INVALID_FIELD");
      assert.equal(malformed.field, "outputs[0].layers[0]");
    }
  });

  test("gives up at the deadline", async () => {
    const failure = await page.evaluate(
      (url) => failureOf(new strata.Client(url, { timeoutMs: 1 }).encode(request)),
      setting.url,
    );
    checkFailure(failure, /^DeadlineExceeded/, "");
  });

  test("ends a call that is aborted", async () => {
    const cancelled = async () => {
      const metrics = await (await fetch(setting.metrics)).text();
      return Number(/^strata_calls_cancelled_total (\d+)$/m.exec(metrics)![1]);
    };
    const earlier = await cancelled();
    const failure = await page.evaluate(async (url) => {
      const abort = new AbortController();
      const large = { ...request, outputs: [{ layers: Array(10_000).fill(1) }] };
      return failureOf(
        new strata.Client(url).encodeInParts(large, { signal: abort.signal, onProgress: () => abort.abort() }),
      );
    }, setting.url);
    checkFailure(failure, /^Canceled/, "");
    for (const end = Date.now() + 60_000; (await cancelled()) === earlier; ) {
      assert.ok(Date.now() < end, "the server did not see that the call was cancelled");
      await sleep(20);
    }
  });

  test("sends a token, but not unencrypted to another machine", async () => {
    const authorization = page.waitForRequest((request) => request.headers().authorization === "Bearer secret");
    const [models, failure] = await page.evaluate(async (url) => {
      const models = await new strata.Client(url, { token: "secret" }).listModels();
      const elsewhere = Promise.resolve().then(() => new strata.Client("http://strata.example", { token: "secret" }));
      return [models.map(({ name }) => name), await failureOf(elsewhere)] as const;
    }, setting.url);
    await authorization;
    assert.deepEqual(models, [setting.model]);
    assert.match(failure.message, /read on the way/);
  });

  test("does what the README shows", async () => {
    const [, code] = /```js\n(.*?)```/s.exec(readFileSync("README.md", "utf8"))!;
    const printed = page.waitForEvent("console");
    await page.addScriptTag({
      type: "module",
      content: code!.replace("http://127.0.0.1:8080", setting.url).replace('"minilm"', JSON.stringify(setting.model)),
    });
    assert.deepEqual(await (await printed).args()[0]!.jsonValue(), setting.pooled[0]!.shape);
  });

  test("says where nothing answers", async () => {
    const failure = await page.evaluate(
      (url) => failureOf(new strata.Client(url).encode(request)),
      setting.closed_url,
    );
    checkFailure(failure, /^Unavailable: no answer/, "");
  });
});

test("a server that stops is told to whoever asks", async () => {
  const page = await withLibrary();
  await page.exposeFunction("kill", () => process.kill(setting.doomed_pid, "SIGKILL"));
  const failure = await page.evaluate((url) => {
    const large = { ...request, outputs: [{ layers: Array(10_000).fill(1) }] };
    return failureOf(new strata.Client(url).encodeInParts(large, { onProgress: () => kill() }));
  }, setting.doomed_url);
  checkFailure(failure, /^Unavailable: the connection broke after \d+ bytes of the answer/, "");
  // And whoever asks next.
  const next = await open(setting.doomed_url);
  assert.match(await content(next, "error", /./), /^Unavailable: /);
});
