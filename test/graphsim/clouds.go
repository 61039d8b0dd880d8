package graphsim

import (
	"net"
	"slices"
)

// cloud is one of Microsoft's (contract 1.6), by the host names under which clients may come through the proxy.
type cloud struct {
	login  []string
	graph  []string
	upload []string
}

var clouds = []cloud{
	{
		[]string{"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"},
		[]string{"graph.microsoft.com"},
		[]string{"outlook.office.com", "outlook.office365.com"},
	},
	{[]string{"login.microsoftonline.us"}, []string{"graph.microsoft.us", "dod-graph.microsoft.us"}, []string{"outlook.office365.us"}},
	{
		[]string{"login.chinacloudapi.cn", "login.partner.microsoftonline.cn"},
		[]string{"microsoftgraph.chinacloudapi.cn"},
		[]string{"partner.outlook.cn"},
	},
}

func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

func loginCloud(host string) *cloud {
	i := slices.IndexFunc(clouds, func(c cloud) bool { return slices.Contains(c.login, hostOnly(host)) })
	if i < 0 {
		return nil
	}
	return &clouds[i]
}

func graphCloud(host string) *cloud {
	i := slices.IndexFunc(clouds, func(c cloud) bool { return slices.Contains(c.graph, hostOnly(host)) })
	if i < 0 {
		return nil
	}
	return &clouds[i]
}

func isUploadHost(host string) bool {
	return slices.ContainsFunc(clouds, func(c cloud) bool { return slices.Contains(c.upload, hostOnly(host)) })
}

// realHosts are the names that the tenant's certificate is good for besides its own.
func realHosts() []string {
	var out []string
	for _, c := range clouds {
		out = slices.Concat(out, c.login, c.graph, c.upload)
	}
	return out
}
