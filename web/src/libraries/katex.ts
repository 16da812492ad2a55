// Formulas as MathML.
import katex from "katex";
import { register } from "./register";

register("katex", katex);
