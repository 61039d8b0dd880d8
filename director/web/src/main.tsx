import { StrictMode, useLayoutEffect } from "react";
import { createRoot } from "react-dom/client";
import { createDOMRenderer, FluentProvider, RendererProvider } from "@fluentui/react-components";
import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router/dom";
import { queries } from "@/api/queries";
import { transport } from "@/api/transport";
import { router } from "@/app/routes";
import { useScheme, themes } from "@/app/theme";
import { Toasts } from "@/parts/Toasts";

// The policy of the page lets in only styles that carry the nonce which the Director made for this answer.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="holdfast-nonce"]')?.content;
const renderer = createDOMRenderer(document, nonce ? { styleElementAttributes: { nonce } } : {});

function Root() {
  const scheme = useScheme();
  useLayoutEffect(() => {
    // Scroll bars and the browser's own parts follow what is chosen here, also where the system looks otherwise.
    document.documentElement.style.colorScheme = scheme;
  }, [scheme]);
  return (
    <RendererProvider renderer={renderer}>
      <FluentProvider theme={themes[scheme]} style={{ height: "100%" }}>
        <TransportProvider transport={transport}>
          <QueryClientProvider client={queries}>
            <Toasts>
              <RouterProvider router={router} />
            </Toasts>
          </QueryClientProvider>
        </TransportProvider>
      </FluentProvider>
    </RendererProvider>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <Root />
  </StrictMode>,
);
