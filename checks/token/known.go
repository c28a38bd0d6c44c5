package token

import (
	"lkdoctor/checks/clean"
	"lkdoctor/checks/finding"
)

// knownSecrets are signed with by mistake; the empty one by code that reads a
// variable that is not set.
var knownSecrets = []struct {
	secret string
	r      *reason
}{
	{"secret", &wellKnown}, {"devsecret", &wellKnown}, {"", &unset}, {"undefined", &unset}, {"null", &unset}, {"None", &unset},
	{"nil", &unset}, {"<nil>", &unset}, {"NaN", &unset}, {"[object Object]", &unset}, {"[object Promise]", &unset}, {"false", &unset}, {`""`, &unset}, {"''", &unset}, {" ", &unset}, {"\n", &unset},
	{"${LIVEKIT_API_SECRET}", &unset}, {"$LIVEKIT_API_SECRET", &unset}, {"{{LIVEKIT_API_SECRET}}", &unset}, {"{{ LIVEKIT_API_SECRET }}", &unset},
	{"%LIVEKIT_API_SECRET%", &unset}, {"LIVEKIT_API_SECRET", &unset}, {"process.env.LIVEKIT_API_SECRET", &unset}, {"$(LIVEKIT_API_SECRET)", &unset},
	{"<your_api_secret>", &unset}, {"your_api_secret", &unset}, {"<your-api-secret>", &unset}, {"your-api-secret", &unset}, {"YOUR_API_SECRET", &unset}, {"<YOUR_API_SECRET>", &unset},
	{"<your API secret>", &unset}, {"<api_secret>", &unset}, {"api_secret", &unset}, {"API_SECRET", &unset}, {"apisecret", &unset}, {"<secret>", &unset}, {"your_secret", &unset}, {"your-secret", &unset},
	{"your_livekit_api_secret", &unset}, {"your-livekit-api-secret", &unset}, {"changeme", &unset}, {"change-me", &unset}, {"change_me", &unset}, {"placeholder", &unset}, {"password", &unset}, {"test", &unset}, {"xxx", &unset},
	{"${{ secrets.LIVEKIT_API_SECRET }}", &unset}, {"${LIVEKIT_API_SECRET:-}", &unset}, {"${LIVEKIT_API_SECRET:?}", &unset}, {"${env:LIVEKIT_API_SECRET}", &unset}, {"$env:LIVEKIT_API_SECRET", &unset}, {"$LIVEKIT_SECRET", &unset}, {"${LIVEKIT_SECRET}", &unset},
	{`"${LIVEKIT_API_SECRET}"`, &unset}, {"'${LIVEKIT_API_SECRET}'", &unset}, {`"$LIVEKIT_API_SECRET"`, &unset}, {"'$LIVEKIT_API_SECRET'", &unset}, {"${LIVEKIT_API_SECRET}\n", &unset}, {"$LIVEKIT_API_SECRET\n", &unset},
	{`os.environ["LIVEKIT_API_SECRET"]`, &unset}, {`os.getenv("LIVEKIT_API_SECRET")`, &unset}, {`os.environ['LIVEKIT_API_SECRET']`, &unset}, {`os.getenv('LIVEKIT_API_SECRET')`, &unset}, {"import.meta.env.LIVEKIT_API_SECRET", &unset}, {"env.LIVEKIT_API_SECRET", &unset},
	{"{{ .Values.livekit.apiSecret }}", &unset}, {"{{ .Values.livekit.api_secret }}", &unset}, {"<LIVEKIT_API_SECRET>", &unset}, {"your_api_secret_here", &unset}, {"your-api-secret-here", &unset}, {"YOUR_LIVEKIT_API_SECRET", &unset}, {"<your_livekit_api_secret>", &unset},
	{"/run/secrets/livekit_api_secret", &unset}, {"/run/secrets/LIVEKIT_API_SECRET", &unset}, {"true", &unset}, {"0", &unset}, {"{}", &unset}, {"%!s(<nil>)", &unset}, {"<no value>", &unset}, {"(sensitive value)", &masked}, {"(sensitive)", &masked},
	{"***", &masked}, {"****", &masked}, {"*****", &masked}, {"******", &masked}, {"********", &masked}, {"**********", &masked}, {"••••••••", &masked}, {"[REDACTED]", &masked}, {"<redacted>", &masked}, {"REDACTED", &masked}, {clean.Hidden, &masked}, {"[object Undefined]", &unset},
	{"secret\n", &wellKnown}, {"devkey", &keyAsSecret}, {"devkey: secret", &pairLine}, {"this_is_a_secret", &wellKnown}, {"mysecret", &wellKnown}, {"my-secret", &wellKnown}, {"livekit", &wellKnown},
}

// known tries secrets that everybody knows; these may be named.
func (e *explainer) known() (Variant, bool) {
	for _, k := range knownSecrets {
		if k.secret == e.secret && e.secret != "" || !e.try(k.secret) {
			continue
		}
		if k.secret == "" {
			return variant("empty-secret", SideOther, finding.Textf("an empty secret"), k.r)
		}
		id := "well-known-secret"
		if k.r == &unset || k.r == &masked {
			id = "placeholder-secret"
		}
		return variant(id, SideOther, finding.Textf("the well-known text “%s” as the secret", clean.Line(k.secret, 40)), k.r)
	}
	return Variant{}, false
}
