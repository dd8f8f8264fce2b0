/** In charge of what the page begins with: who is signed in, and whether Postern answers at all. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Problem } from "../ui/states.tsx";
import { online, problemOf, session } from "./api.ts";
import { invalidate } from "./resource.ts";
import { resumeSession } from "./session.ts";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";

/** As long as nothing answers, ask again so often. */
const retryMs = 2_000;

export function App() {
  const failure = useSignal<unknown>(undefined);
  const tries = useSignal(0);
  useEffect(() => {
    resumeSession().then(
      (error) => {
        failure.value = error;
      },
      (error) => {
        failure.value = error;
        window.setTimeout(() => {
          tries.value += 1;
        }, retryMs);
      },
    );
  }, [tries.value]);
  // A link that is opened where the console is open already changes no more than what is behind the #.
  useEffect(() => {
    const begin = () => {
      if (window.location.hash.startsWith("#link=")) tries.value += 1;
    };
    window.addEventListener("hashchange", begin);
    return () => window.removeEventListener("hashchange", begin);
  }, []);
  useReconnecting();
  if (session.value === undefined)
    return failure.value ? (
      <div class="alone">
        <Problem problem={problemOf(failure.value)} />
      </div>
    ) : (
      // What the page begins with, so that nothing jumps.
      <p class="boot">Postern</p>
    );
  return session.value ? <Shell /> : <SignIn linkFailure={failure.value} />;
}

function useReconnecting(): void {
  const isOnline = online.value;
  useEffect(() => {
    if (isOnline) return;
    const timer = window.setInterval(async () => {
      const answers = await fetch("/healthz", { cache: "no-store" }).then(
        (response) => response.ok,
        () => false,
      );
      if (!answers) return;
      online.value = true;
      invalidate("/");
    }, retryMs);
    return () => window.clearInterval(timer);
  }, [isOnline]);
}
