/** In charge of starting the console. */
import { render } from "preact";
import { App } from "./app/app.tsx";
import { startRouter } from "./app/router.ts";
import { startShortcuts } from "./app/shortcuts.ts";
import { startTheme } from "./app/theme.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/pages.css";

startTheme();
startRouter();
startShortcuts();
render(<App />, document.getElementById("app")!);
