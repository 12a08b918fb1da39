# ruff: noqa: E501 (queries and JavaScript, in lines of their own kind)
"""What the module of steps does when the app starts, in JavaScript: it looks, decides and runs."""

from afterpush.migrate.steps.runtime_decide import DECIDE

RUNTIME = (
    DECIDE
    + r"""
const rowsOf = (answer) => {
  if (!Array.isArray(answer)) return answer && answer.rows ? answer.rows : [];
  return Array.isArray(answer[0]) ? answer[0] : answer;
};

// The parts of the schema, as information_schema has them.
async function look(run, flavour) {
  const state = new Map();
  for (const row of rowsOf(await run(looks[flavour]))) {
    const key = [row.kind, row.object, row.part].map(String).join("\t");
    const text = String(row.text);
    state.set(key, state.has(key) ? state.get(key) + ", " + text : text);
  }
  for (const key of [...state.keys()]) {
    const [kind, name] = key.split("\t");
    if (kind === "table" && !state.has("table\t" + name + "\ttable")) state.delete(key);
  }
  for (const key of [...state.keys()].filter((key) => key.startsWith("sequence\t"))) {
    const name = "`" + objectOf(key).replace(/`/g, "``") + "`";
    const shown = String(Object.values(rowsOf(await run("SHOW CREATE SEQUENCE " + name))[0])[1]);
    state.set(key.replace(/[^\t]*$/, "numbers"), shown.slice(shown.indexOf(name) + name.length).split(" ENGINE=")[0].trim());
  }
  return state;
}

async function situation(run) {
  const version = String(Object.values(rowsOf(await run("SELECT VERSION() AS version"))[0])[0]);
  const flavour = /mariadb/i.test(version) ? "mariadb" : "mysql";
  if (!looks[flavour]) throw new Error("the steps were not made for " + version + ": consolidate with such a server");
  const live = await look(run, flavour), filled = new Set();
  const noted = new Map(rowsOf(await run("SELECT checksum, state FROM " + journal)).map((row) => [String(row.checksum), String(row.state)]));
  const asksAll = !noted.size && steps.some((step) => step.kind === "data" && !step.left_out);
  const losing = steps.filter((step) => step.loses && !mayLose);
  for (const name of [...live.keys()].filter(isTable).map(objectOf)) {
    const concerns = (step) => wordsOf(step).has(name.toLowerCase()) || changesOf(step, flavour).some((change) => change[1] === name);
    if (name === journal || !(asksAll || losing.some(concerns))) continue;
    if (rowsOf(await run("SELECT 1 AS found FROM `" + name.replace(/`/g, "``") + "` LIMIT 1")).length) filled.add(name);
  }
  return { flavour, live, noted, filled };
}

const quote = (text) => "'" + text.replace(/\\/g, "\\\\").replace(/'/g, "''") + "'";
const row = (step, state) =>
  "(" + quote(step.name.slice(0, 190)) + ", '" + step.checksum + "', '" + state + "', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))";
const insert = (rows) => "INSERT INTO " + journal + " (step, checksum, state, started_at, finished_at) VALUES " + rows.join(", ");
const note = (rows, state) => insert(rows) + " ON DUPLICATE KEY UPDATE state = '" + state + "', finished_at = UTC_TIMESTAMP(6)";

// In one go: what needs no run, and that this database is not a new one from here on.
async function noteWhatIsThere(run, decisions, noted) {
  const there = steps.filter((step, number) => step.kind !== "session" && decisions[number][0] === "done" && noted.get(step.checksum) !== "done");
  for (let first = 0; first < there.length; first += 200) await run(note(there.slice(first, first + 200).map((step) => row(step, "done")), "done"));
  const next = steps.find((step, number) => step.kind === "schema" && decisions[number][0] === "needed");
  if (next && !noted.size) await run(note([row(next, "started")], "started"));
}

// `DROP FOREIGN KEY t_ibfk_1` where the server called this key t_ibfk_2 on this database.
function withLiveNames(step, flavour, names) {
  let sql = step.sql;
  for (const change of changesOf(step, flavour)) {
    const live = change[3] != null && names.get(keyOf(change));
    if (!live) continue;
    const name = change[2].slice(nameless(keyOf(change)).length + 1).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    sql = sql.replace(new RegExp("`" + name + "`|(?<![\\w$`'\"])" + name + "(?![\\w$`'\"])", "g"), () => "`" + live.replace(/`/g, "``") + "`");
  }
  return sql;
}

async function runStep(run, step, sql) {
  if (step.kind === "data") await run(insert([row(step, "started")]));
  await run(sql);
  if (step.kind !== "session") await run(note([row(step, "done")], "done"));
}

// Another process may be at the same steps: what fails is looked at again.
async function migrate(run) {
  await run(makeJournal);
  for (let tries = 0; ; tries++) {
    const now = await situation(run);
    const [decisions, names] = decide(now);
    const of = (verdict) => steps.map((step, number) => number).filter((number) => decisions[number][0] === verdict);
    const said = (number) => place(steps[number]) + ": " + decisions[number][1];
    try {
      if (of("drifted").length) {
        const error = new Error("the database is in no state of the migrations, nothing was executed: " + of("drifted").map(said).join("; ") + ". Bring either in line with the other, then start again");
        // Rows that another process is writing are begun, too.
        throw Object.assign(error, { isFinal: !of("drifted").some((number) => now.noted.get(steps[number].checksum) === "started") });
      }
      await noteWhatIsThere(run, decisions, now.noted);
      for (const number of of("waits")) console.error(said(number));
      for (const number of of("needed")) await runStep(run, steps[number], withLiveNames(steps[number], now.flavour, names));
      if (of("needed").some((number) => steps[number].kind === "session")) {
        await run("SET SESSION foreign_key_checks = 1, unique_checks = 1, sql_mode = DEFAULT");
      }
      return;
    } catch (error) {
      if (error.isFinal || tries === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

"""
)
