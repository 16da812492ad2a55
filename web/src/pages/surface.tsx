// The tab Surface.
import { Panels } from "./panels";
import type { Page } from "./table";

const page: Page = { id: "surface", title: "Surface", order: 0, Page: ({ ctx }) => <Panels page="surface" ctx={ctx} /> };

export default page;
