package config

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

// SystemPrefixes are the first path segments that apps cannot use.
var SystemPrefixes = []string{
	"data", "auth", "realtime", "functions", "storage", "admin", "_", ".well-known",
	"healthz", "readyz", "metrics", "openapi.json", "hutch",
}

var (
	methods        = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	segmentPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
	paramPattern   = regexp.MustCompile(`^\{[A-Za-z_][A-Za-z0-9_]{0,63}\}$`)
)

const maxParams = 4 // of a path

// route is the path of an http trigger; parameters are "{name}".
type route struct {
	name, method string
	segs         []string
	at           hutch.Pos
}

// parseRoute gives what is wrong with "GET /api/{id}", or the route.
func parseRoute(s string) (r route, problem string) {
	method, p, ok := strings.Cut(s, " ")
	if !ok || !strings.HasPrefix(p, "/") {
		return r, `is no method and path such as "GET /api/search"`
	}
	if !slices.Contains(methods, method) {
		return r, "has a method that is none of " + strings.Join(methods, ", ")
	}
	r.method = method
	if len(p) > 512 {
		return r, "is longer than 512 bytes"
	}
	if p == "/" {
		return r, ""
	}
	r.segs = strings.Split(p[1:], "/")
	if strings.Count(p, "{") > maxParams {
		return r, "has more than 4 parameters"
	}
	for i, seg := range r.segs {
		switch {
		case paramPattern.MatchString(seg):
			if slices.Contains(r.segs[:i], seg) {
				return r, "names " + seg + " twice"
			}
		case seg == "" && i == len(r.segs)-1:
			return r, "ends in /"
		case !segmentPattern.MatchString(seg), seg == ".", seg == "..":
			return r, "has a segment that is neither letters, digits, . _ ~ - nor {name}"
		}
	}
	first := strings.ToLower(r.segs[0])
	if first[0] == '{' {
		return r, "begins with a parameter, which would take the system's paths, too"
	}
	if slices.Contains(SystemPrefixes, first) {
		return r, "lies below /" + first + ", which is the system's"
	}
	return r, ""
}

// shape is equal for routes that take the same requests.
func (r *route) shape() string {
	segs := make([]string, len(r.segs))
	for i, s := range r.segs {
		if segs[i] = s; s[0] == '{' {
			segs[i] = "{}"
		}
	}
	return r.method + " /" + strings.Join(segs, "/")
}

// matches reports whether r takes the path.
func (r *route) matches(segs []string) bool {
	return slices.EqualFunc(r.segs, segs, func(pattern, s string) bool { return pattern[0] == '{' || pattern == s })
}

func (w *walker) routes() {
	var rs []route
	for i := range w.cfg.Functions {
		f := &w.cfg.Functions[i]
		if f.Trigger.HTTP == "" {
			continue
		}
		p := "functions." + f.Name + ".trigger.http"
		r, problem := parseRoute(f.Trigger.HTTP)
		r.name, r.at = f.Name, w.cfg.Pos(p)
		if problem != "" {
			if w.cfg.env[p] {
				problem = "is no route"
			}
			w.errorf(r.at, codeRoute, "", "%s: %s %s", p, show(f.Trigger.HTTP, w.cfg.env[p]), problem)
			continue
		}
		if f.Idempotency == "required" && r.method != "POST" {
			w.errorf(w.cfg.Pos("functions."+f.Name+".idempotency"), codeRoute, "", "functions.%s: idempotency: required needs POST", f.Name)
		}
		if j := slices.IndexFunc(rs, func(o route) bool { return o.shape() == r.shape() }); j >= 0 {
			w.errorf(r.at, codeRoute, "", "%s: shadowed by functions.%s at %s", p, rs[j].name, rs[j].at)
			continue
		}
		rs = append(rs, r)
	}
	w.shadowed(rs)
}

var errEnough = errors.New("enough")

// shadowed reports routes whose requests a file of the web folder answers.
func (w *walker) shadowed(rs []route) {
	rs = slices.DeleteFunc(rs, func(r route) bool { return r.method != "GET" })
	web := w.cfg.Web
	if web == "" || len(rs) == 0 {
		return
	}
	files := 0
	_ = fs.WalkDir(w.fsys, web, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.IsDir() && p != web && !servable(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if files++; files > 10_000 {
			return errEnough
		}
		name := strings.TrimPrefix(p, web+"/")
		if !servable(name) {
			return nil
		}
		rs = slices.DeleteFunc(rs, func(r route) bool {
			index := path.Base(name) == "index.html" && r.matches(split(path.Dir(name)))
			if !index && !r.matches(split(name)) {
				return false
			}
			w.errorf(r.at, codeRoute, "", "functions.%s.trigger.http: the file %s of the web folder has the same path", r.name, p)
			return true
		})
		return nil
	})
}

func split(p string) []string {
	if p == "." {
		return nil
	}
	return strings.Split(p, "/")
}
