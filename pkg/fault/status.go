package fault

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// domain marks our error details (google.rpc.ErrorInfo) among others'.
const domain = "holdfast"

// What crosses the wire is bounded, in bytes: it travels in headers, which gRPC bounds too.
const (
	maxMessage = 4096
	maxDetail  = 256
)

var codeOf = map[Kind]codes.Code{
	Invalid: codes.InvalidArgument, NotFound: codes.NotFound, Conflict: codes.FailedPrecondition,
	Denied: codes.PermissionDenied, Unauthorized: codes.Unauthenticated, Throttled: codes.ResourceExhausted,
	Unavailable: codes.Unavailable, Corrupt: codes.DataLoss, Exhausted: codes.ResourceExhausted,
	Canceled: codes.Canceled, Timeout: codes.DeadlineExceeded, Unsupported: codes.Unimplemented,
}

var kindOf = map[codes.Code]Kind{
	codes.InvalidArgument: Invalid, codes.NotFound: NotFound, codes.FailedPrecondition: Conflict,
	codes.AlreadyExists: Conflict, codes.Aborted: Conflict, codes.PermissionDenied: Denied,
	codes.Unauthenticated: Unauthorized, codes.ResourceExhausted: Exhausted, codes.Unavailable: Unavailable,
	codes.DataLoss: Corrupt, codes.Canceled: Canceled, codes.DeadlineExceeded: Timeout, codes.Unimplemented: Unsupported,
	codes.OutOfRange: Invalid,
}

// Code returns the gRPC (and Connect: the numbers agree) code of err's kind.
func Code(err error) codes.Code {
	if c, ok := codeOf[KindOf(err)]; ok {
		return c
	}
	return codes.Unknown
}

// Details returns what a status carries beside its code and message: the exact kind, the field, the time to wait.
func Details(err error) (*errdetails.ErrorInfo, *errdetails.RetryInfo) {
	var f *Fault
	if !errors.As(err, &f) {
		f = &Fault{Kind: KindOf(err)}
	}
	info := &errdetails.ErrorInfo{Domain: domain, Reason: strconv.Itoa(int(f.Kind)), Metadata: map[string]string{}}
	if f.Field != "" {
		info.Metadata["field"] = clean(f.Field, maxDetail)
	}
	if f.RequestID != "" {
		info.Metadata["request_id"] = clean(f.RequestID, maxDetail)
	}
	if f.RetryAfter > 0 {
		return info, &errdetails.RetryInfo{RetryDelay: durationpb.New(f.RetryAfter)}
	}
	return info, nil
}

// ToStatus returns err as a gRPC status error. A nil error stays nil; an error that is a status already is kept.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	var f *Fault
	if _, ok := status.FromError(err); ok && !errors.As(err, &f) {
		return err
	}
	st := status.New(Code(err), clean(err.Error(), maxMessage))
	info, retry := Details(err)
	with, detailErr := st.WithDetails(info)
	if detailErr == nil && retry != nil {
		with, detailErr = with.WithDetails(retry)
	}
	if detailErr != nil {
		return st.Err()
	}
	return with.Err()
}

// clean makes a text fit for the wire, where one that is not UTF-8 would take the details, and with them the kind, with it.
func clean(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// FromStatus returns a gRPC status error as a fault, with the peer's kind. A nil error stays nil; an error that is no
// status is returned as it is.
func FromStatus(err error) error {
	if err == nil {
		return nil
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	var info *errdetails.ErrorInfo
	var retry *errdetails.RetryInfo
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.RetryInfo:
			retry = d
		}
	}
	return FromParts(st.Code(), st.Message(), info, retry)
}

// FromParts builds a fault from what a status carried; info and retry may be nil.
func FromParts(code codes.Code, message string, info *errdetails.ErrorInfo, retry *errdetails.RetryInfo) *Fault {
	f := &Fault{Kind: kindOf[code], Message: clean(message, maxMessage)}
	if info.GetDomain() == domain {
		if n, err := strconv.ParseUint(info.GetReason(), 10, 8); err == nil && int(n) < len(names) {
			f.Kind = Kind(n)
		}
		f.Field = info.GetMetadata()["field"]
		f.RequestID = info.GetMetadata()["request_id"]
	}
	if retry != nil {
		f.RetryAfter = max(0, min(retry.GetRetryDelay().AsDuration(), 24*time.Hour))
	}
	if f.Message == "" {
		f.Message = fmt.Sprintf("the peer answered %s", code)
	}
	return f
}
