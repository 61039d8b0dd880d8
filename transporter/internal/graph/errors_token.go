package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"holdfast/pkg/fault"
)

var aadsts = regexp.MustCompile(`AADSTS(\d{4,9})`)

// tokenError is what the sign-in host says (contract 1.3).
type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Codes       []int  `json:"error_codes"`
	TraceID     string `json:"trace_id"`
	status      int
}

// explainToken turns whatever azidentity returned into a fault of one clear sentence, with Microsoft's code.
func explainToken(o Options, err error) error {
	t := readTokenError(err)
	code := 0
	if len(t.Codes) > 0 {
		code = t.Codes[0]
	}
	if code == 0 && t.Error == "" && t.status == 0 {
		return reach(o.Authority, err)
	}
	f := sentence(o, code, t)
	f.RequestID = t.TraceID
	return f
}

func sentence(o Options, code int, t tokenError) *fault.Fault {
	credential := "client secret"
	if !o.Certificate.empty() {
		credential = "certificate"
	}
	tag := fmt.Sprintf("(AADSTS%d)", code)
	if code == 0 {
		tag = fmt.Sprintf("(%d %s)", t.status, t.Error)
	}
	switch code {
	case 7000215:
		return fault.New(fault.Unauthorized, "Microsoft refuses the client secret of application %s: enter the secret's value, not its ID %s", o.ClientID, tag)
	case 7000222:
		return fault.New(fault.Unauthorized, "the client secret of application %s has expired: create a new one in Microsoft Entra %s", o.ClientID, tag)
	case 700027:
		return fault.New(fault.Unauthorized, "Microsoft does not accept the certificate of application %s: upload its public part to the application in Microsoft Entra %s", o.ClientID, tag)
	case 700016, 7000218:
		if code == 700016 {
			return fault.New(fault.NotFound, "tenant %s has no application with the client ID %s %s", o.Tenant, o.ClientID, tag)
		}
	case 90002, 900023, 90013:
		return fault.New(fault.NotFound, "there is no tenant %s at %s %s", o.Tenant, host(o.Authority), tag)
	case 53003:
		return fault.New(fault.Denied, "a conditional access policy of tenant %s blocks application %s %s", o.Tenant, o.ClientID, tag)
	}
	switch {
	case t.status == http.StatusTooManyRequests:
		return transient(fault.New(fault.Throttled, "%s asks to wait before signing in again %s", host(o.Authority), tag))
	case t.status >= 500:
		return transient(fault.New(fault.Unavailable, "%s cannot sign in at the moment %s", host(o.Authority), tag))
	case t.Error == "invalid_client":
		return fault.New(fault.Unauthorized, "Microsoft refuses the %s of application %s %s", credential, o.ClientID, tag)
	case t.Error == "unauthorized_client", t.Error == "access_denied", t.Error == "invalid_grant":
		return fault.New(fault.Denied, "tenant %s does not let application %s sign in %s", o.Tenant, o.ClientID, tag)
	case t.Error == "invalid_tenant":
		return fault.New(fault.NotFound, "there is no tenant %s at %s %s", o.Tenant, host(o.Authority), tag)
	}
	return fault.New(fault.Invalid, "%s refuses the sign-in of application %s %s", host(o.Authority), o.ClientID, tag)
}

func readTokenError(err error) tokenError {
	var t tokenError
	var failed *azidentity.AuthenticationFailedError
	if errors.As(err, &failed) && failed.RawResponse != nil {
		t.status = failed.RawResponse.StatusCode
		if failed.RawResponse.Body != nil {
			body, _ := io.ReadAll(io.LimitReader(failed.RawResponse.Body, 64<<10))
			failed.RawResponse.Body = io.NopCloser(bytes.NewReader(body))
			_ = json.Unmarshal(body, &t)
		}
	}
	text := t.Description
	if t.status == 0 {
		text = err.Error() // an unknown tenant fails at discovery, as text only
	}
	if m := aadsts.FindStringSubmatch(text); m != nil && len(t.Codes) == 0 {
		var code int
		if _, scanErr := fmt.Sscan(m[1], &code); scanErr == nil {
			t.Codes = []int{code}
		}
	}
	return t
}
