package record

import "time"

// NotificationSettings say whom the Director tells of what ended, and by which way. There is one record of them.
type NotificationSettings struct {
	Mail MailServer
	// Reports are of the runs of all jobs.
	Reports  Reports
	Webhooks []Webhook
	// Recoveries and Maintenance choose the ends of activities that Reports' addresses and the webhooks hear of; zero is none.
	Recoveries, Maintenance ReportWhen
	// PublicURL is where people reach the Director; empty for no links.
	PublicURL string
}

// Webhook returns the webhook with an id.
func (s *NotificationSettings) Webhook(id string) (Webhook, bool) {
	for _, w := range s.Webhooks {
		if w.ID == id {
			return w, true
		}
	}
	return Webhook{}, false
}

// MailSecurity is how a connection to a mail server is protected. Numbers are stored.
type MailSecurity int32

// The ways; zero is MailSTARTTLS.
const (
	MailSTARTTLS    MailSecurity = 1
	MailTLS         MailSecurity = 2
	MailUnprotected MailSecurity = 3
)

// MailLogin is how the Director signs in to a mail server. Numbers are stored.
type MailLogin int32

// The ways; zero takes the strongest that the server offers.
const (
	MailLoginPlain   MailLogin = 1
	MailLoginLogin   MailLogin = 2
	MailLoginCRAMMD5 MailLogin = 3
)

// MailServer takes the Director's mail. Without a Host there is none.
type MailServer struct {
	Host string
	// Port zero means the usual one of Security.
	Port     int32
	Security MailSecurity
	Login    MailLogin
	// User is empty where nobody signs in.
	User     string
	Password Secret
	CAPEM    []byte
	// From is an address, with or without a name.
	From string
	// Hello is how the Director names itself; empty for the machine's name.
	Hello          string
	TimeoutSeconds int32
}

// Webhook is an address that reports are posted to.
type Webhook struct {
	ID             string
	Name           string
	URL            string
	Secret         Secret
	Headers        map[string]Secret
	When           ReportWhen
	CAPEM          []byte
	TimeoutSeconds int32
}

// Secret prints as a placeholder.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret.
func (Secret) GoString() string { return "[secret]" }

// DeliveryKind is the way of a report. Numbers are stored.
type DeliveryKind int32

// The ways.
const (
	DeliveryMail    DeliveryKind = 1
	DeliveryWebhook DeliveryKind = 2
)

// DeliveryStatus is where a delivery is. Numbers are stored.
type DeliveryStatus int32

// The states of a delivery.
const (
	DeliveryWaiting DeliveryStatus = 1
	DeliverySent    DeliveryStatus = 2
	DeliveryFailed  DeliveryStatus = 3
)

// Delivery is one report to one receiver.
type Delivery struct {
	ID   DeliveryID
	Kind DeliveryKind
	// Target is an address, or a webhook's id; Name is what people call it.
	Target, Name string
	Run          RunID
	Subject      string
	Status       DeliveryStatus
	Attempts     int32
	Created      time.Time
	// Since is from when on the days are counted after which it is given up.
	Since   time.Time
	NextTry time.Time
	Ended   time.Time
	// Error is that of the last attempt.
	Error string
}
