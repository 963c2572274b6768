package oidc

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hutch-dev/hutch/auth"
)

// reader asks an API who holds an access token.
type reader func(ctx context.Context, p *Provider, access string) (*auth.Foreign, error)

// api is the base of a provider's API: a host of its own at the public service,
// a path at one that runs elsewhere.
func (p *Provider) api(public, path string) string {
	if p.row.Issuer == p.preset.issuer {
		return public
	}
	return strings.TrimSuffix(p.row.Issuer, "/") + path
}

func (p *Provider) known(id string) error {
	if id == "" || len(id) > maxSubject {
		return refused("the provider does not say who signed in", nil)
	}
	return nil
}

// github reads the user and, of the addresses, the verified primary one.
func github(ctx context.Context, p *Provider, access string) (*auth.Foreign, error) {
	at := p.api("https://api.github.com", "/api/v3")
	var u struct {
		ID        json.Number `json:"id"`
		Login     string      `json:"login"`
		Name      string      `json:"name"`
		AvatarURL string      `json:"avatar_url"`
	}
	if err := p.get(ctx, at+"/user", access, &u); err != nil {
		return nil, err
	}
	f := &auth.Foreign{Issuer: p.row.Issuer, Subject: number(u.ID), Name: u.Name, Username: u.Login, Picture: u.AvatarURL}
	if err := p.known(f.Subject); err != nil {
		return nil, err
	}
	var addresses []struct {
		Email             string
		Primary, Verified bool
	}
	if err := p.get(ctx, at+"/user/emails", access, &addresses); err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if a.Primary {
			f.Email, f.EmailVerified = a.Email, a.Verified && p.row.Proof != ""
		}
	}
	return trim(f), nil
}

// discord reads the user.
func discord(ctx context.Context, p *Provider, access string) (*auth.Foreign, error) {
	var u struct {
		ID       string
		Username string
		Name     string `json:"global_name"`
		Avatar   string
		Email    string
		Verified bool
	}
	if err := p.get(ctx, p.api("https://discord.com/api", "/api")+"/users/@me", access, &u); err != nil {
		return nil, err
	}
	f := &auth.Foreign{
		Issuer: p.row.Issuer, Subject: u.ID, Name: u.Name, Username: u.Username,
		Email: u.Email, EmailVerified: u.Email != "" && u.Verified && p.row.Proof != "",
	}
	if u.Avatar != "" {
		f.Picture = "https://cdn.discordapp.com/avatars/" + u.ID + "/" + u.Avatar + ".png"
	}
	if err := p.known(f.Subject); err != nil {
		return nil, err
	}
	return trim(f), nil
}
