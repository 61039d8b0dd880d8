// Package foreign runs a Graph client that is not ours, Microsoft's own for JavaScript, against the simulated tenant: a client
// that was never told of it and is led there by HTTPS_PROXY and a CA file alone. It holds nothing but the test.
package foreign
