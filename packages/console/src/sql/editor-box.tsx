/** In charge of the editor's place on the page, until its code is here. */
import type { Catalog, ErrorBody } from "@postern/sdk/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { problemOf } from "../app/api.ts";
import { searchParams } from "../app/router.ts";
import { Problem } from "../ui/states.tsx";
import type { Editor } from "./editor.ts";

interface EditorBoxProps {
  text: string;
  catalog: Catalog | undefined;
  onReady: (editor: Editor | undefined) => void;
  onChange: (text: string) => void;
  onRun: (what: "current" | "all") => void;
}

export function EditorBox({ text, catalog, onReady, onChange, onRun }: EditorBoxProps) {
  const box = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Editor>();
  const [problem, setProblem] = useState<ErrorBody>();
  useEffect(() => {
    let opened: Editor | undefined;
    let left = false;
    import("./editor.ts").then(
      ({ openEditor }) => {
        if (left) return;
        const asked = searchParams.peek().get("q");
        opened = openEditor(box.current!, asked && text === "" ? asked : text, { onChange, onRun });
        opened.focus();
        setEditor(opened);
        onReady(opened);
      },
      (error: unknown) => setProblem(problemOf(error)),
    );
    return () => {
      left = true;
      opened?.destroy();
      onReady(undefined);
    };
  }, []);
  useEffect(() => {
    if (editor && catalog) editor.setCatalog(catalog);
  }, [editor, catalog]);
  return (
    <>
      {problem && <Problem problem={problem} />}
      <div ref={box} class="sql-editor" />
    </>
  );
}
