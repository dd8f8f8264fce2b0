/** In charge of the arithmetic of a fleet: what its parts are asked for, beside what they can give. Pure. */
import type { Inputs } from "./fleet-inputs.ts";

export interface Line {
  area: string;
  what: string;
  unit: string;
  need: number;
  /** Null: nothing to hold it against. */
  limit: number | null;
}

export interface Fleet {
  lines: Line[];
  /** The first that would be reached if the number of databases grew alone; null: none depends on it. */
  first: { line: Line; databases: number } | null;
}

const daySeconds = 86_400;
/** Of what it has, a part is left free: queues grow without bounds where it is not. */
const usable = 0.7;

export function simulateFleet(given: Inputs): Fleet {
  const of = (name: string): number => given[name]!;
  const lines = [...dataPlane(of), ...controlPlane(of), ...backups(of), ...sessions(of), ...wakes(of)];
  return { lines, first: firstLimit(lines, of("databases")) };
}

type Of = (name: string) => number;

function dataPlane(of: Of): Line[] {
  const requests = of("databases") * of("active") * of("requests");
  return [
    {
      area: "gateways",
      what: "requests a second",
      unit: "/s",
      need: requests,
      limit: (of("gateways") * of("gateway-cores") * usable * 1e6) / of("request-us"),
    },
  ];
}

function controlPlane(of: Of): Line[] {
  const active = of("databases") * of("active");
  const questions = active * Math.min(of("spread"), of("gateways"), active) * of("asks");
  return [
    {
      area: "control plane",
      what: "questions of gateways a second",
      unit: "/s",
      need: questions,
      limit: (of("controls") * of("control-cores") * usable * 1e6) / of("ask-us"),
    },
    {
      area: "control plane",
      what: "memory of each, for what it knows of databases",
      unit: "GB",
      need: (of("databases") * of("database-kb")) / 1e6,
      limit: of("control-gb"),
    },
    {
      area: "control plane",
      what: "signs of life a second, of gateways and of each other",
      unit: "/s",
      need: of("gateways") / 3 + of("controls") * 2,
      limit: null,
    },
    {
      area: "control plane",
      what: "figures of a minute, seconds that the leader takes",
      unit: "s",
      need: (active * of("sample-us")) / 1e6,
      limit: 60 * usable,
    },
    {
      area: "own tables",
      what: "figures, all that is kept",
      unit: "GB",
      need: (active * 1440 * of("sample-days") * of("sample-bytes")) / 1e9,
      limit: of("state-gb"),
    },
  ];
}

/** How long one takes, seconds. */
export const backupSeconds = (of: Of): number => of("backup-fixed") + of("megabytes") / of("backup-rate");
const trialSeconds = (of: Of): number => of("backup-fixed") + of("megabytes") / of("restore-rate");

/** As many as are begun at a time, as far as there are operations and cores for them: each keeps a core busy. */
export const backupsSideBySide = (of: Of): number =>
  Math.max(
    1,
    Math.min(of("backups"), of("controls") * of("operations"), of("controls") * of("control-cores")),
  );

function backups(of: Of): Line[] {
  const aDay = of("databases") * of("backup-each");
  const megabytes = of("megabytes") * of("compression");
  const windowSeconds = of("window") * 3_600;
  const work = aDay * (backupSeconds(of) + of("verified") * trialSeconds(of));
  return [
    {
      area: "backups",
      what: "hours a day that they take",
      unit: "h",
      need: work / 3_600 / backupsSideBySide(of),
      limit: of("window"),
    },
    {
      area: "backups",
      what: "to the store while they are made",
      unit: "MB/s",
      need: (aDay * megabytes) / windowSeconds,
      limit: of("store-rate"),
    },
    {
      area: "backups",
      what: "kept in the store",
      unit: "TB",
      need: (of("databases") * of("kept") * megabytes) / 1e6,
      limit: of("store-tb"),
    },
    {
      area: "operations",
      what: "begun a second, on average",
      unit: "/s",
      need: (aDay * (1 + of("verified"))) / daySeconds,
      limit: (of("controls") * of("operations")) / Math.max(backupSeconds(of), 0.001),
    },
  ];
}

function sessions(of: Of): Line[] {
  const active = of("databases") * of("active");
  return [
    {
      area: "instances",
      what: "sessions of each",
      unit: "",
      need: (active / of("instances")) * of("spread") * of("sessions"),
      limit: of("instance-sessions"),
    },
    {
      area: "instances",
      what: "databases of each",
      unit: "",
      need: of("databases") / of("instances"),
      limit: null,
    },
  ];
}

export interface Storm {
  /** Wakes that are asked for and that are done, a second. */
  arrivals: number;
  capacity: number;
  /** Longest but for one in a hundred, seconds; with the wake itself. */
  p99: number;
}

/**
 * Wakes need a core each. Where fewer come than can be done, they wait as in a queue with several servers (Erlang's C); where
 * more come, all that is too much waits until it is worked off.
 */
export function wakeStorm({
  wakes,
  seconds,
  wakeSeconds,
  cores,
}: {
  wakes: number;
  seconds: number;
  wakeSeconds: number;
  cores: number;
}): Storm {
  const arrivals = wakes / seconds;
  const capacity = cores / wakeSeconds;
  if (arrivals === 0) return { arrivals, capacity, p99: 0 };
  if (arrivals >= capacity) {
    const behind = (arrivals - capacity) * seconds;
    return { arrivals, capacity, p99: (0.99 * behind) / capacity + wakeSeconds };
  }
  const waits = erlangC(cores, arrivals * wakeSeconds);
  const longest = waits <= 0.01 ? 0 : Math.log(waits / 0.01) / (capacity - arrivals);
  return { arrivals, capacity, p99: longest + wakeSeconds };
}

/** How likely it is that somebody who comes has to wait. @param load in servers that are busy */
export function erlangC(servers: number, load: number): number {
  // Erlang's B by its recursion, which does not overflow as factorials do.
  let blocked = 1;
  for (let count = 1; count <= servers; count += 1) blocked = (load * blocked) / (count + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}

function wakes(of: Of): Line[] {
  const storm = wakeStorm({
    wakes: of("sleeping") * of("woken"),
    seconds: of("storm"),
    wakeSeconds: of("wake-ms") / 1_000,
    cores: of("wake-cores"),
  });
  return [
    {
      area: "wake storm",
      what: "wakes a second, on a host of such",
      unit: "/s",
      need: storm.arrivals,
      limit: storm.capacity,
    },
    { area: "wake storm", what: "wait for one, p99", unit: "s", need: storm.p99, limit: of("patience") },
  ];
}

/** What is sized by the number of databases grows with it. */
function firstLimit(lines: readonly Line[], databases: number): Fleet["first"] {
  const growing = lines.filter(
    ({ area, limit, need }) => limit !== null && need > 0 && area !== "wake storm",
  );
  const [line] = growing.sort((a, b) => b.need / b.limit! - a.need / a.limit!);
  return line ? { line, databases: Math.floor((databases * line.limit!) / line.need) } : null;
}
