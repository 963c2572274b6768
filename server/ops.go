package server

import (
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/hutch-dev/hutch"
)

// health is GET /healthz: the process answers.
func health(r *request) error {
	r.send(http.StatusOK, append(r.buffer(), `{"status":"ok"}`...))
	return nil
}

// ready is GET /readyz; ?verbose is for holders of an ops key.
func ready(r *request) error {
	err, message := r.srv.o.Ready(), "not ready"
	if err == nil && r.srv.o.Sound != nil {
		if err = r.srv.o.Sound(); err != nil {
			message += ": " + hutch.AsError(err).Message
		}
	}
	if !r.srv.live.Load() {
		err = hutch.Errorf(hutch.Unavailable, "shutting down")
	}
	if _, verbose := r.queryParam("verbose"); verbose {
		if e := r.needOps(); e != nil {
			return e
		}
		return r.details(err)
	}
	if err != nil {
		return &hutch.Error{Code: hutch.Unavailable, Message: message, Err: err}
	}
	return health(r)
}

func (r *request) details(notReady error) error {
	status, body := http.StatusOK, map[string]any{"status": "ok", "version": hutch.Version}
	if notReady != nil {
		status = http.StatusServiceUnavailable
		body["status"], body["reason"] = "unavailable", notReady.Error()
	}
	if r.srv.o.Details != nil {
		body["details"] = r.srv.o.Details(r.ctx)
	}
	js, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return &hutch.Error{Code: hutch.Unavailable, Message: "not ready", Details: js}
	}
	r.send(status, append(r.buffer(), js...))
	return nil
}

// metrics is GET /metrics, in Prometheus' text format.
func metrics(r *request) error {
	fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(r.srv.o.Metrics, promhttp.HandlerOpts{DisableCompression: true}))(r.fctx)
	return nil
}
