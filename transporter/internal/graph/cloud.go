package graph

// Cloud is one of Microsoft's clouds. They share nothing: a token of one is useless in another.
type Cloud string

// The clouds (contract 1.6). Names are stored. The empty Cloud is CloudGlobal.
const (
	CloudGlobal Cloud = "global"
	CloudGCCH   Cloud = "gcch"  // US Government L4
	CloudDoD    Cloud = "dod"   // US Government L5
	CloudChina  Cloud = "china" // operated by 21Vianet
	CloudCustom Cloud = "custom"
)

type endpoints struct{ authority, root string }

var clouds = map[Cloud]endpoints{
	"":          {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
	CloudGlobal: {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
	CloudGCCH:   {"https://login.microsoftonline.us", "https://graph.microsoft.us"},
	CloudDoD:    {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
	CloudChina:  {"https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"},
}

// hasDelta reports whether the cloud offers message delta (contract 1.6: not in China).
func (c Cloud) hasDelta() bool { return c != CloudChina }
