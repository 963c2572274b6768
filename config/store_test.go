package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
)

// TestS88AStoreOnANetworkIsSecured: TLS and credentials, or tls=false written.
func TestS88AStoreOnANetworkIsSecured(t *testing.T) {
	for url, why := range map[string]string{
		"mongodb://db":               "TLS",
		"mongodb://db/app":           "TLS",
		"mongodb://127.0.0.1,db/app": "TLS", // all hosts count
		"mongodb://db.example:27017,127.0.0.1:27017,[::1]/app":        "TLS",
		"mongodb://u:p@db/app":                                        "TLS",
		"mongodb://u:p@db/app?replicaSet=rs0":                         "TLS",
		"mongodb://localhost.evil.example/":                           "TLS",
		"mongodb://127.0.0.1.evil.example/":                           "TLS",
		"mongodb://0.0.0.0/":                                          "TLS",
		"mongodb://127.1/":                                            "TLS",
		"mongodb://[fe80::1%25lo]/":                                   "TLS",
		"mongodb://[2001:db8::1]:27017/":                              "TLS",
		"mongodb://db/?tls=true":                                      "credentials",
		"mongodb://u@db/?tls=true":                                    "credentials",
		"mongodb://:p@db/?tls=true":                                   "credentials",
		"mongodb://u:@db/?tls=true":                                   "credentials",
		"mongodb://db/?ssl=true&authMechanism=SCRAM-SHA-256":          "credentials",
		"mongodb+srv://db.example/app":                                "credentials",
		"mongodb+srv://localhost/app":                                 "credentials",
		"mongodb://u:p@db/?tls=true&tlsInsecure=true":                 "without checking",
		"mongodb://u:p@db/?tls=true&tlsAllowInvalidCertificates=true": "without checking",
		"mongodb://u:p@db/?TLS=true&TLSAllowInvalidHostnames=true":    "without checking",
		"mongodb+srv://u:p@db.example/?tlsInsecure=true":              "without checking",
		"mongodb://u:p@db/?tls=true&tls=false":                        "twice",
		"mongodb://u:p@db/?tls=true&ssl=false":                        "twice",
		"mongodb://u:p@db/?tls=False":                                 "neither",
		"mongodb://u:p@db/?tls=true;tls=false":                        "options",
		"mongodb://u:p@localhost@db/":                                 "@",
		"mongodb://localhost/@db":                                     "@",
		"mongodb://localhost/app?x=@db":                               "@",
		"mongodb://":                                                  "no host",
		"mongodb://u:p@/app":                                          "no host",
		"mongodb://localhost,,db/app?tls=false":                       "no host",
		"mongodb+srv://u:p@a,b/app":                                   "no host",
		"postgres://u:hunter2@localhost/app":                          "no store",
		"localhost:27017":                                             "no store",
		"mongodb:/localhost":                                          "no store",
		"mongodb://localhost/admin":                                   "database",
		"mongodb://localhost/a%2Fb":                                   "database",
		"mongodb://localhost/" + strings.Repeat("x", 64):              "database",
	} {
		_, err := config.ParseStore(url)
		if e := hutch.AsError(err); e == nil || e.Code != hutch.InvalidArgument || !strings.Contains(e.Message, why) {
			t.Errorf("%s: %v, want: %s", url, err, why)
		}
	}
	for url, db := range map[string]string{
		"":                        "",
		"mongodb://localhost":     "",
		"mongodb://localhost/app": "app",
		"mongodb://LOCALHOST:27017/app?replicaSet=rs0":                                       "app",
		"mongodb://127.0.0.1:27011,127.0.0.1:27012,[::1]:27013,localhost/app?replicaSet=rs0": "app",
		"mongodb://127.9.9.9/pet-shop":                                                       "pet-shop",
		"mongodb://%2Ftmp%2Fmongodb-27017.sock/app":                                          "app",
		"mongodb://u:p@db/app?tls=true":                                                      "app",
		"mongodb://u:p%40%2F@a:1,b:2/app?ssl=true&replicaSet=rs0":                            "app",
		"mongodb://db/app?tls=true&authMechanism=MONGODB-X509":                               "app",
		"mongodb://db/app?tls=true&authMechanism=mongodb-aws":                                "app",
		"mongodb+srv://u:p@db.example/?retryWrites=true":                                     "",
		"mongodb+srv://u:p@db.example/app?tls=true":                                          "app",
		"mongodb://db/app?tls=false":                                                         "app", // said so
		"mongodb://u:p@a,b/app?replicaSet=rs0&TLS=false":                                     "app",
		"mongodb://localhost/" + strings.Repeat("x", 63):                                     strings.Repeat("x", 63),
		"mongodb://u:p@db/app?tls=true&tlsInsecure=false&tlsCAFile=ca.pem":                   "app",
	} {
		s, err := config.ParseStore(url)
		if err != nil || s.Database != db {
			t.Errorf("%s: database %q, %v", url, s.Database, err)
		}
	}
}

func TestS88TheConfigRefusesAndShowsNothing(t *testing.T) {
	vars := env("HUTCH_STORE", "mongodb://ann:hunter2@db.example/app")
	c, ds := config.Load(app("hutch.yaml", "name: x\nstore: ${HUTCH_STORE:-}\n"), vars)
	if c != nil {
		t.Error("a config with an open database is taken")
	}
	if got := lines(ds); !strings.Contains(got, "hutch.yaml:2:8") || !strings.Contains(got, "without TLS") || strings.Contains(got, "hunter2") || strings.Contains(got, "db.example") {
		t.Error(got)
	}
}

func TestTheDatabaseOfAnApp(t *testing.T) {
	for name, want := range map[string]string{
		"petstore": "hutch_petstore", "pet-store": "hutch_pet-store", // MongoDB takes dashes: two apps never share one
		strings.Repeat("a", 57): "hutch_" + strings.Repeat("a", 57),
		strings.Repeat("b", 63): "hutch_" + strings.Repeat("b", 48) + "_" + hash8(strings.Repeat("b", 63)),
	} {
		if got := config.DatabaseOf(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
		if s, err := config.ParseStore("mongodb://localhost/" + want); err != nil || s.Database != want {
			t.Errorf("%s is no database: %v", want, err)
		}
	}
}

func hash8(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

func FuzzParseStore(f *testing.F) {
	for _, s := range []string{"mongodb://u:p@a,b/app?tls=true", "mongodb+srv://u:p@db/?x=y", "mongodb://%2Ftmp%2Fx/", "mongodb://[::1]:1/?ssl=false"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := config.ParseStore(text)
		if e := hutch.AsError(err); e != nil && e.Code != hutch.InvalidArgument {
			t.Error(err)
		}
	})
}
