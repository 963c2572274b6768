package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/hutch-dev/hutch/config"
)

// compose is what the tests read of a file; an unknown key of a service is a
// mistake that Docker would find only at the start.
type compose struct {
	Name     string             `yaml:"name"`
	Services map[string]service `yaml:"services"`
	Networks map[string]any     `yaml:"networks"`
	Volumes  map[string]any     `yaml:"volumes"`
	Configs  map[string]struct {
		Content string `yaml:"content"`
	} `yaml:"configs"`
	Hutch any `yaml:"x-hutch"`
	Mongo any `yaml:"x-mongo"`
}

type service struct {
	Image string `yaml:"image"`
	Build struct {
		Context    string `yaml:"context"`
		Dockerfile string `yaml:"dockerfile"`
	} `yaml:"build"`
	Entrypoint  []string          `yaml:"entrypoint"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Tmpfs       []string          `yaml:"tmpfs"`
	Networks    []string          `yaml:"networks"`
	NetworkMode string            `yaml:"network_mode"`
	Configs     []struct {
		Source string `yaml:"source"`
		Target string `yaml:"target"`
	} `yaml:"configs"`
	DependsOn map[string]struct {
		Condition string `yaml:"condition"`
		Restart   bool   `yaml:"restart"`
	} `yaml:"depends_on"`
	Healthcheck struct {
		Test          []string `yaml:"test"`
		Interval      string   `yaml:"interval"`
		Timeout       string   `yaml:"timeout"`
		StartPeriod   string   `yaml:"start_period"`
		StartInterval string   `yaml:"start_interval"`
	} `yaml:"healthcheck"`
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	MemLimit    string   `yaml:"mem_limit"`
	PidsLimit   int      `yaml:"pids_limit"`
	Restart     string   `yaml:"restart"`
	StopGrace   string   `yaml:"stop_grace_period"`
}

func read(t *testing.T, file string) compose {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c compose
	if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return c
}

func TestComposeFilesNameWhatIsThere(t *testing.T) {
	for _, file := range []string{"compose.mongo.yaml", "docker/compose.yaml"} {
		c := read(t, file)
		beside := func(path string) string { return filepath.Join(filepath.Dir(file), path) }
		for name, s := range c.Services {
			if s.Image == "" && s.Build.Context == "" {
				t.Errorf("%s: %s has neither image nor build", file, name)
			}
			if s.Build.Context != "" {
				exists(t, filepath.Join(beside(s.Build.Context), s.Build.Dockerfile))
			}
			for _, v := range s.Volumes {
				source, _, _ := strings.Cut(v, ":")
				if strings.HasPrefix(source, ".") {
					exists(t, beside(source))
				} else if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: %s mounts %q, which is no volume", file, name, source)
				}
			}
			for _, n := range s.Networks {
				if _, ok := c.Networks[n]; !ok {
					t.Errorf("%s: %s is in %q, which is no network", file, name, n)
				}
			}
			for _, f := range s.Configs {
				if c.Configs[f.Source].Content == "" {
					t.Errorf("%s: %s mounts %q, which is no config", file, name, f.Source)
				}
			}
			for on, d := range s.DependsOn {
				to, ok := c.Services[on]
				if !ok {
					t.Errorf("%s: %s depends on %q, which is no service", file, name, on)
				}
				if d.Condition == "service_healthy" && len(to.Healthcheck.Test) == 0 && to.Build.Dockerfile == "" {
					t.Errorf("%s: %s waits for the health of %s, which nobody asks", file, name, on)
				}
			}
		}
	}
}

func TestNodesOnMongoShareStoreAndKey(t *testing.T) {
	c := read(t, "compose.mongo.yaml")
	nodes, members := 0, []string{}
	for name, s := range c.Services {
		if strings.HasPrefix(s.Image, "mongo:") && len(s.Volumes) > 0 {
			members = append(members, name+":27017")
			if len(s.Ports) != 0 || !slices.Equal(s.Networks, []string{"database"}) || !slices.Contains(s.Command, "--keyFile") {
				t.Errorf("%s is open to others: %+v", name, s)
			}
		}
		if s.Image != "hutch" {
			continue
		}
		nodes++
		if !maps.Equal(s.Environment, c.Services["hutch1"].Environment) || s.Environment["HUTCH_MASTER_KEY"] == "" {
			t.Errorf("%s has another environment than hutch1: %v", name, s.Environment)
		}
		if len(s.Ports) != 0 {
			t.Errorf("%s is reached beside the balancer: %v", name, s.Ports)
		}
		if !strings.Contains(c.Configs["nginx"].Content, "server "+name+":8090 ") {
			t.Errorf("the balancer does not know %s", name)
		}
	}
	slices.Sort(members)
	if nodes != 2 || len(members) != 3 {
		t.Fatalf("%d nodes, members %q", nodes, members)
	}
	uri := regexp.MustCompile(`\$\{\w+[^}]*\}`).ReplaceAllString(c.Services["hutch1"].Environment["HUTCH_STORE"], "secret")
	store, err := config.ParseStore(uri)
	if err != nil || store.Database != "petstore" {
		t.Fatalf("store %q: %+v, %v", uri, store, err)
	}
	if !strings.Contains(uri, "@"+strings.Join(members, ",")+"/") {
		t.Errorf("store %q, members %q", uri, members)
	}
	if !strings.Contains(c.Configs["init"].Content, `db: "`+store.Database+`"`) {
		t.Errorf("the user of Hutch has no role in %s", store.Database)
	}
}

func exists(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
