// The module of all hosts: every view, the widget's `render`, and the report, which begins by itself where it stands.
import "./draw/theme.css";
import "./draw/draw.css";
import { render } from "./hosts/notebook";
import { mountReport } from "./hosts/report";

const root = document.querySelector<HTMLElement>("[data-downslope-host=report]");
if (root) void mountReport(root);

export default { render };
