import { createBrowserRouter } from "react-router";
import { pages } from "@/app/areas";
import { Broken } from "@/app/Broken";
import { Shell } from "@/app/Shell";
import { NotFound } from "@/app/NotFound";

/** Every page has an address. */
export const router = createBrowserRouter([
  {
    path: "/",
    element: <Shell />,
    errorElement: <Broken />,
    children: [
      ...pages.map((p) => ({ errorElement: <Broken />, ...p })),
      { path: "me", lazy: async () => ({ Component: (await import("@/session/MePage")).MePage }) },
      { path: "*", element: <NotFound /> },
    ],
  },
]);
