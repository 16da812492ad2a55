// A data set of one's own becomes that of the next training.
import type { Done, UploadPoints, UploadTable } from "../contract";
import { NEW, ownerOf, settingsOf, unusual, wanted } from "../state/training";
import type { Context } from "./view";

/** Sends it to the lab; it is then the data of the settings, and the loss is the usual one of its kind again. */
export function useOwn(ctx: Context): (upload: UploadTable | UploadPoints) => Promise<Done> {
  return async (upload) => {
    if (!ctx.act) throw new Error("nothing can be sent from here");
    const done = await ctx.act(upload);
    if (done.data) {
      const settings = settingsOf(ctx.state);
      settings.value = unusual({ ...wanted(settings.peek()), data: { name: done.data }, loss: null });
      ownerOf(ctx.state).value = NEW;
      for (const name of ["first", "second"]) ctx.state.setting<string | null>("data", name, null).value = null;
    }
    return done;
  };
}
