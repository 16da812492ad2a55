// Curves over steps on a canvas: uPlot, and what it is told.
import { Drawing } from "../draw/curves_uplot";
import { register } from "./register";

register("uplot", Drawing);
