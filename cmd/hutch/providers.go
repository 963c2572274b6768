package main

import (
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/oidc"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
)

// provider opens a row of auth.providers; the presets are oidc's table.
func provider(r config.Provider, o boot.ProviderOptions) (auth.Provider, error) {
	return oidc.New(oidc.Row{
		Name: r.Name, Issuer: r.Issuer, ClientID: r.ClientID, Secret: r.Secret, ClientIDs: r.ClientIDs,
		Scopes: r.Scopes, Proof: r.Proof, TeamID: r.TeamID, KeyID: r.KeyID,
	}, oidc.Options{Now: o.Now, Log: o.Log})
}
