// What only the lab's page loads beside the module of all hosts: its tabs, their forms, and the connection.
import "./main";
import { mountLab } from "./hosts/lab";

const root = document.querySelector<HTMLElement>("[data-downslope-host=lab]");
if (root) mountLab(root);
