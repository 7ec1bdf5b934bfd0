package main

import (
	"net"
	"net/http"

	"github.com/daypass/daypass/internal/instance"
)

// GatewayConfig is where S3 gateways ask.
type GatewayConfig struct {
	GatewayListen   string `placeholder:"PATH|ADDR" help:"Unix socket (a path with a slash) or address on which S3 gateways (versitygw --iam-standalone-endpoint) ask for signing keys and decisions. The socket is for its owner and group; an address needs the three flags that follow. See docs/stores.md."`
	GatewayCertFile string `placeholder:"FILE" help:"Certificate chain for --gateway-listen ADDR, PEM."`
	GatewayKeyFile  string `placeholder:"FILE" help:"Private key of that certificate, PEM."`
	GatewayClientCA string `name:"gateway-client-ca" placeholder:"FILE" help:"Certificate authorities of the gateways, PEM: a gateway must present a certificate that one of them issued."`
}

const gatewayFiles = "--gateway-cert-file, --gateway-key-file and --gateway-client-ca"

// check finds the mistakes that show in the flags alone.
func (c *GatewayConfig) check() error {
	given := 0
	for _, file := range []string{c.GatewayCertFile, c.GatewayKeyFile, c.GatewayClientCA} {
		if file != "" {
			given++
		}
	}
	switch {
	case c.GatewayListen == "" && given > 0:
		return usage("%s are for --gateway-listen", gatewayFiles)
	case c.GatewayListen == "":
		return nil
	case isPath(c.GatewayListen) && given > 0:
		return usage("--gateway-listen %s is a Unix socket, which has no TLS: remove %s", c.GatewayListen, gatewayFiles)
	case isPath(c.GatewayListen):
		return nil
	}
	if _, _, err := net.SplitHostPort(c.GatewayListen); err != nil {
		return usage("--gateway-listen %q: give the path of a socket, with a slash in it, or an address and a port, such as 10.0.0.5:4610", c.GatewayListen)
	}
	if given < 3 {
		return usage("--gateway-listen %s is an address: give %s, since gateways must prove who they are", c.GatewayListen, gatewayFiles)
	}
	return nil
}

// side is the listener for gateways; nil if none is asked for.
func (c *GatewayConfig) side() (*side, error) {
	if c.GatewayListen == "" {
		return nil, nil
	}
	s := &side{
		name: "gateway", flag: "--gateway-listen", at: c.GatewayListen,
		handler: func(i *instance.Instance) http.Handler { return i.Handler.Beside(i.Gateway) },
	}
	if !isPath(c.GatewayListen) {
		files := &tlsFiles{
			flags: gatewayFiles, cert: c.GatewayCertFile, key: c.GatewayKeyFile, clientCA: c.GatewayClientCA, protocols: []string{"http/1.1"},
		}
		if err := files.load(); err != nil {
			return nil, err
		}
		s.tls = files
	}
	return s, nil
}
