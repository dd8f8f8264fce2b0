/**
 * In charge of the pictures in docs/images: a Postern of their own with a small shop that is at work for a while, seen in
 * Chromium (CHROMIUM_PATH, or where Debian puts it). Beforehand: npm run build.
 */
import { fileURLToPath } from "node:url";
import pg from "pg";
import { chromium } from "playwright-core";
import { startTemporaryPostern } from "../dist-bench/temporary-postern.js";

const images = fileURLToPath(new URL("../docs/images/", import.meta.url));
const secondsOfWork = Number(process.argv[2] ?? 200);
const schema = `
  create table customers (id int primary key generated always as identity, name text not null, email text unique, city text, since date not null default current_date);
  create table orders (id int primary key generated always as identity, customer_id int not null references customers, state text not null default 'new',
    total numeric(10, 2) not null, items jsonb not null default '[]', ordered_at timestamptz not null default now());
  create index on orders (state) where state <> 'paid';
  insert into customers (name, email, city, since)
    select (array['Ada','Grace','Linus','Barbara','Edgar','Radia','Tony','Frances'])[1 + g % 8] || ' ' || (array['Berg','Okafor','Silva','Tanaka','Novak','Haddad','Moreau'])[1 + g % 7],
           'customer' || g || '@example.com', (array['Lisbon','Oslo','Nairobi','Kyoto','Prague'])[1 + g % 5], date '2024-01-01' + g
      from generate_series(1, 400) g;
  insert into orders (customer_id, state, total, items, ordered_at)
    select 1 + g % 400, (array['paid','paid','paid','new','shipped'])[1 + g % 5], (g * 37 % 20000) / 100.0,
           jsonb_build_array(jsonb_build_object('sku', 'A-' || g % 90, 'quantity', 1 + g % 3)), now() - g * interval '7 minutes'
      from generate_series(1, 6000) g`;

const postern = await startTemporaryPostern({ POSTERN_PITR: "on" });
const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
  ],
});

/** @param {{ id: string }} operation */
async function finished({ id }) {
  for (;;) {
    const now = await postern.api("GET", `/v1/operations/${id}?wait=20`);
    if (now.status !== "pending" && now.status !== "running") return now;
  }
}

/** @param {string} direct of the application, which reads, writes, and now and then asks something slow */
async function work(direct) {
  const client = new pg.Client({ connectionString: direct, application_name: "shop" });
  await client.connect();
  const end = Date.now() + secondsOfWork * 1_000;
  for (let turn = 0; Date.now() < end; turn += 1) {
    await client.query("select id, name, email from customers where email = $1", [
      `customer${1 + (turn % 400)}@example.com`,
    ]);
    await client.query(
      "select id, state, total from orders where customer_id = $1 order by ordered_at desc limit 20",
      [1 + (turn % 400)],
    );
    await client.query("insert into orders (customer_id, total) values ($1, $2)", [
      1 + (turn % 400),
      (turn % 90) + 0.5,
    ]);
    if (turn % 5 === 0)
      await client.query("update orders set state = 'paid' where id = (select max(id) from orders)");
    if (turn % 20 === 0)
      await client.query(
        "select city, sum(total) from orders join customers c on c.id = customer_id group by city",
      );
    await new Promise((resolve) => setTimeout(resolve, 30 + 25 * Math.sin(turn / 60)));
  }
  await client.end();
}

try {
  const shop = await postern.api("POST", "/v1/databases", { name: "shop" });
  const path = `/v1/databases/${shop.id}`;
  await finished(
    await postern.api("POST", `${path}/migrations`, { files: [{ name: "001_shop.sql", sql: schema }] }),
  );
  await postern.api("PUT", `${path}/state/tables`, { table: "orders" });
  await finished(await postern.api("PUT", `${path}/point-in-time`, {}));
  const { direct } = await postern.api("GET", `${path}/urls`);
  const owner = new pg.Client({ connectionString: direct });
  await owner.connect();
  await owner.query("update orders set state = 'shipped', total = 84.00 where id = 42");
  await owner.query('update orders set items = \'[{"sku": "A-42", "quantity": 2}]\' where id = 42');
  await owner.end();
  await work(direct);
  const backup = await finished(await postern.api("POST", `${path}/backups`, {}));
  await finished(await postern.api("POST", `/v1/backups/${backup.result.id}/verify`));

  const context = await browser.newContext({ colorScheme: "light" });
  const page = await context.newPage();
  const { url } = await postern.api("POST", "/v1/console/links");
  await page.goto(url);
  await page.locator(".shell").waitFor();
  const at = (/** @type {string} */ rest) => `${new URL(url).origin}/console/db/${shop.id}${rest}`;
  /** @type {[name: string, path: string, height: number, seen: string][]} */
  const pictures = [
    ["overview", "", 900, "It answers queries"],
    ["backups", "/backups", 900, "verified"],
    ["data", "/data?table=orders", 760, "customer_id"],
    ["queries", "/queries", 760, "customers"],
    ["metrics", "/metrics", 760, "Connections"],
    ["history", "/history?table=public.orders&id=42", 760, "shipped"],
  ];
  for (const [name, rest, height, seen] of pictures) {
    await page.setViewportSize({ width: height === 900 ? 1024 : 1280, height });
    await page.goto(at(rest));
    await page
      .getByText(seen)
      .first()
      .waitFor({ timeout: 15_000 })
      .catch(() => console.error(`${name}: "${seen}" is not there`));
    await page.waitForTimeout(1_500);
    // The customer of the fifth order.
    if (name === "data") {
      await page.locator(".grid-link").nth(4).hover();
      await page.waitForTimeout(1_500);
    }
    await page.screenshot({ path: `${images}console-${name}.png` });
    console.log(`console-${name}.png`);
  }
} finally {
  await browser.close();
  await postern.close();
}
