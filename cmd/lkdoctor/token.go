package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lkdoctor/checks"
	"lkdoctor/checks/report"
	"lkdoctor/checks/token"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: helpText("Look at a token, or make one, without any network"), Args: cobra.NoArgs}
	cmd.AddCommand(a.inspectCommand(), a.createCommand())
	return cmd
}

// inspectCommand returns the command that decodes and checks a token without network.
func (a *app) inspectCommand() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use: "inspect [TOKEN|-]", Short: helpText("Decode and judge a token offline; it is sent nowhere"),
		Long: helpText(`Decode and judge a token offline; it is sent nowhere. A secret in the
environment, the .env files or the flags is used to verify the signature.
Without an argument LIVEKIT_TOKEN is read, with - stdin: a bare token, a header,
a URL or a whole JSON answer.`),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := f.set.Set("token", args[0]); err != nil {
					return err
				}
			}
			return a.inspect(cmd.Context(), f)
		},
	}
	f.add(cmd, settingNames, lookNames, "compare-secrets json verbose timeout")
	describe(cmd, map[string]string{
		"json":    helpText("as JSON"),
		"verbose": helpText("every fix, and the facts"),
		"timeout": helpText("`time` for reading stdin"),
	})
	return cmd
}

func (a *app) inspect(ctx context.Context, f *flags) error {
	limited, cancel := f.limited(ctx)
	defer cancel()
	e, err := a.ready(limited, f)
	if err != nil {
		return err
	}
	if !e.settings.Token.IsSet() {
		return usageError{errors.New("no token: give one as an argument, in LIVEKIT_TOKEN, or - for stdin")}
	}
	found := checks.Inspect(ctx, e.settings.Token.Secret.Reveal(), e.newCase())
	a.code = found.ExitCode
	if f.jsonOut {
		return report.InspectionJSON(a.out, found, toolVersion(), e.style)
	}
	_, err = fmt.Fprint(a.out, found.Text(e.style))
	return err
}

// createFlags are the flags of `lk token create`.
type createFlags struct {
	settings                       flags
	token                          token.MintOptions
	join                           bool
	noPublish, noSubscribe, noData bool
	tokenOnly, jsonOut             bool
}

func (a *app) createCommand() *cobra.Command {
	f := &createFlags{}
	cmd := &cobra.Command{
		Use: "create", Short: helpText("Make a token with the key and secret configured here"),
		Example: helpText("  lkdoctor token create --room demo --identity me --valid-for 5m --token-only"),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.create(cmd.Context(), f) },
	}
	f.settings.add(cmd, settingNames)
	set := cmd.Flags()
	must(set.MarkHidden("token")) // the command makes a token and checks none
	o := &f.token
	set.StringVarP(&o.Room, "room", "r", "", helpText("`room` that may be joined"))
	set.StringVarP(&o.Identity, "identity", "i", "", helpText("the participant's `identity`"))
	set.StringVar(&o.Name, "name", "", helpText("the participant's `name`"))
	set.StringVar(&o.Metadata, "metadata", "", helpText("the participant's `metadata`"))
	set.StringToStringVar(&o.Attributes, "attribute", nil, helpText("the participant's attributes, as `key=value`"))
	set.DurationVar(&o.TTL, "valid-for", 15*time.Minute, helpText("how `long` it is valid: 5m, 24h"))
	set.BoolVar(&f.join, "join", false, helpText("may join --room (as when --room is given)"))
	set.BoolVar(&o.RoomCreate, "create", false, helpText("may create rooms"))
	set.BoolVar(&o.RoomList, "list", false, helpText("may list rooms"))
	set.BoolVar(&o.RoomAdmin, "admin", false, helpText("may moderate --room"))
	set.BoolVar(&o.RoomRecord, "record", false, helpText("may record"))
	set.BoolVar(&o.IngressAdmin, "ingress", false, helpText("may manage ingress"))
	set.BoolVar(&f.noPublish, "no-publish", false, helpText("may not publish"))
	set.BoolVar(&f.noSubscribe, "no-subscribe", false, helpText("may not subscribe"))
	set.BoolVar(&f.noData, "no-data", false, helpText("may not send data"))
	set.BoolVar(&o.Hidden, "hidden", false, helpText("is not shown to others"))
	set.BoolVar(&o.Recorder, "recorder", false, helpText("is a recorder"))
	set.BoolVar(&o.CanUpdateOwnMetadata, "allow-update-metadata", false, helpText("may change its own name, metadata and attributes"))
	set.StringSliceVar(&o.CanPublishSources, "allow-source", nil,
		helpText("may publish only these `sources`: camera, microphone, screen_share, screen_share_audio"))
	set.StringSliceVar(&o.Agents, "agent", nil, helpText("dispatch this `agent` on joining"))
	set.BoolVar(&f.tokenOnly, "token-only", false, helpText("print the token and nothing else"))
	set.BoolVar(&f.jsonOut, "json", false, helpText("as JSON"))
	return cmd
}

func (a *app) create(ctx context.Context, f *createFlags) error {
	limited, cancel := f.settings.limited(ctx)
	defer cancel()
	e, err := a.ready(limited, &f.settings)
	if err != nil {
		return err
	}
	settings := e.settings
	if settings.APIKey.Secret.Empty() || settings.APISecret.Secret.Empty() {
		return errors.New("LIVEKIT_API_KEY and LIVEKIT_API_SECRET are needed to make a token (or --dev)")
	}
	o := f.token
	if o.Room == "" && !f.join && !o.RoomCreate && !o.RoomList && !o.RoomAdmin && !o.RoomRecord && !o.IngressAdmin {
		return errors.New("this token would allow nothing: name a --room and an --identity, or a grant such as --list")
	}
	o.Key, o.Secret, o.Now = settings.APIKey.Value, settings.APISecret.Secret.Reveal(), a.now()
	o.NoJoin = !f.join && (o.Room == "" || o.RoomAdmin && o.Identity == "")
	if f.noPublish {
		o.CanPublish = new(false)
	}
	if f.noSubscribe {
		o.CanSubscribe = new(false)
	}
	if f.noData {
		o.CanPublishData = new(false)
	}
	raw, err := token.Mint(o)
	if err != nil {
		return err
	}
	return a.printToken(f, settings, raw)
}

// printToken prints a token made here. No other code prints a whole token. It refuses a
// token whose claims hold the secret, since everybody can read claims.
func (a *app) printToken(f *createFlags, s *config.Settings, raw string) error {
	known := checks.Secrets(s, checks.Options{})
	a.redact.Learn(known...)
	if claimsHold(raw, known) {
		return errors.New("a claim would hold a secret that is known here, and whoever gets a token can read its claims")
	}
	switch {
	case f.tokenOnly:
		_, err := fmt.Fprintln(a.out, raw)
		return err
	case f.jsonOut:
		return a.writeJSON(map[string]any{
			"access_token": raw, "project_url": a.redact.URL(s.URL.Value), "identity": f.token.Identity, "name": f.token.Name,
			"room":       f.token.Room,
			"expires_at": a.now().Add(f.token.TTL).UTC().Format(time.RFC3339),
		})
	}
	_, err := fmt.Fprintf(a.out, "key:       %s (%s)\nidentity:  %s\nroom:      %s\nvalid for: %s\n\n%s\n",
		a.redact.Clean(s.APIKey.Value, 200), a.redact.Clean(s.APIKey.Source.String(), 200), a.redact.Clean(f.token.Identity, 256),
		a.redact.Clean(f.token.Room, 256), f.token.TTL, raw)
	return err
}

// claimsHold reports whether the claims of a token hold one of the secrets. It ignores
// secrets of less than 12 bytes, which may also be names.
func claimsHold(raw string, secrets []string) bool {
	long := slices.DeleteFunc(secrets, func(s string) bool { return len(s) < 12 })
	_, rest, _ := strings.Cut(raw, ".")
	payload, _, _ := strings.Cut(rest, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	return err != nil || clean.NewRedactor(long...).Hide(string(claims)) != string(claims)
}

// writeJSON writes a document of the command line's values. It escapes control
// characters and invisible characters.
func (a *app) writeJSON(v any) error {
	var text bytes.Buffer
	if err := report.JSON(&text, v); err != nil {
		return err
	}
	_, err := io.WriteString(a.out, clean.JSON(text.String()))
	return err
}
