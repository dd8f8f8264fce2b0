/** In charge of showing that something goes on: a line that moves on a terminal, one line a phase elsewhere. */
import type { Output } from "./output.ts";

export interface Progress {
  update(text: string): void;
  /** Takes the moving line away. */
  end(): void;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** `lines`: off a terminal each new text is a line; otherwise nothing is shown there. */
export function startProgress(output: Output, { lines = false } = {}): Progress {
  if (!output.forPeople) return { update() {}, end() {} };
  return process.stderr.isTTY ? movingLine(output) : plainLines(output, lines);
}

function plainLines(output: Output, lines: boolean): Progress {
  let last = "";
  return {
    update(text) {
      // A counter in the text would make a line of every step.
      const phase = text.replace(/\s+\d.*$/, "");
      if (lines && phase !== last) output.talk(`› ${phase}`);
      last = phase;
    },
    end() {},
  };
}

function movingLine({ talkPaint }: Output): Progress {
  let text = "";
  let frame = 0;
  const startedAt = performance.now();
  const draw = () => {
    if (text === "") return;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const room = Math.max(10, (process.stderr.columns ?? 80) - 12);
    const shown = [...text].slice(0, room).join("");
    process.stderr.write(
      `\r\u001b[2K${talkPaint.cyan(frames[frame++ % frames.length]!)} ${shown}  ${talkPaint.dim(`${seconds}s`)}`,
    );
  };
  const timer = setInterval(draw, 100).unref();
  return {
    update(next) {
      text = next;
    },
    end() {
      clearInterval(timer);
      if (text !== "") process.stderr.write("\r\u001b[2K");
      text = "";
    },
  };
}
