/** In charge of signing in and out, and of the lock: a session only looks until its person says otherwise. */
import type { ConsoleSignInRequest, CurrentConsoleSession } from "@postern/sdk/protocol";
import { computed, signal } from "@preact/signals";
import { ApiError, askSession, session } from "./api.ts";
import { forgetEverything } from "./resource.ts";

/** Ticks, so that an unlocked session is seen to lock by itself. */
const now = signal(Date.now());
window.setInterval(() => {
  now.value = Date.now();
}, 5_000);

export const unlocked = computed(() => {
  const until = session.value?.unlocked_until;
  return until != null && Date.parse(until) > Math.max(now.value, Date.now() - 5_000);
});

export async function signIn(request: ConsoleSignInRequest): Promise<void> {
  session.value = await askSession<CurrentConsoleSession>("/session", { method: "POST", body: request });
}

export async function signOut(): Promise<void> {
  await askSession("/session", { method: "DELETE" }).catch(ignoreEnded);
  forgetEverything();
  session.value = null;
}

function ignoreEnded(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 401)) throw error;
}

/** At the start of the page: by a link in the address, else by the cookie. The reason why a link did not, if it did not. */
export async function resumeSession(): Promise<unknown> {
  const link = /^#link=([0-9a-f]{64})$/.exec(window.location.hash)?.[1];
  if (link !== undefined) {
    // Neither the history nor a bookmark keeps it.
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    try {
      await signIn({ link });
      return undefined;
    } catch (error) {
      await describeSession();
      return session.peek() ? undefined : error;
    }
  }
  await describeSession();
  return undefined;
}

async function describeSession(): Promise<void> {
  try {
    session.value = await askSession<CurrentConsoleSession>("/session");
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) throw error;
    session.value = null;
  }
}

export async function setUnlocked(on: boolean): Promise<void> {
  const path = on ? "/session/unlock" : "/session/lock";
  const { unlocked_until } = await askSession<{ unlocked_until: string | null }>(path, { method: "POST" });
  now.value = Date.now();
  if (session.peek()) session.value = { ...session.peek()!, unlocked_until };
}
