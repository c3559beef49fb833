{{/*
Copyright 2026 The Strata Authors
SPDX-License-Identifier: Apache-2.0
*/}}

{{- define "strata.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of all objects; short enough for "-headless" after it. */}}
{{- define "strata.fullname" -}}
{{- $name := include "strata.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- define "strata.selectorLabels" -}}
app.kubernetes.io/name: {{ include "strata.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "strata.labels" -}}
{{ include "strata.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{- define "strata.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "strata.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* Name in the server's certificate. */}}
{{- define "strata.serverName" -}}
{{- .Values.tls.serverName | default (printf "%s.%s.svc" (include "strata.fullname" .) .Release.Namespace) }}
{{- end }}

{{/* Whether anything is mounted at /etc/strata/credentials. */}}
{{- define "strata.hasCredentials" -}}
{{- if or .Values.tls.secretName .Values.tokens.secretName }}true{{ end }}
{{- end }}

{{/*
A probe of one name of the server's health service, given as [root, probe,
name]. The kubelet's own gRPC probes know no TLS; with it, the command line in
the image asks, under the certificate's name, which hostAliases leads back into
the pod.
*/}}
{{- define "strata.probe" -}}
{{- $root := index . 0 }}
{{- $probe := index . 1 }}
{{- $service := index . 2 }}
{{- with $root.Values }}
{{- if .tls.secretName -}}
exec:
  command:
    - strata
    - --server={{ include "strata.serverName" $root }}:{{ .ports.grpc }}
    - --timeout=4
    - --tls-ca=/etc/strata/credentials/ca.crt
    {{- if .tls.clientCaSecretName }}
    - --tls-certificate=/etc/strata/credentials/tls.crt
    - --tls-key=/etc/strata/credentials/tls.key
    {{- end }}
    - health
    {{- with $service }}
    - {{ . }}
    {{- end }}
{{- else -}}
grpc:
  port: {{ .ports.grpc }}
  {{- with $service }}
  service: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
timeoutSeconds: 5
periodSeconds: {{ $probe.periodSeconds }}
failureThreshold: {{ $probe.failureThreshold }}
{{- end }}

{{/* What contradicts itself, said before it is installed. */}}
{{- define "strata.check" -}}
{{- with .Values }}
{{- if ge (int .drain.lameDuckSeconds) (int .drain.timeoutSeconds) }}
{{- fail "drain.lameDuckSeconds is part of drain.timeoutSeconds, which must be more" }}
{{- end }}
{{- if le (mul .probes.liveness.periodSeconds .probes.liveness.failureThreshold) (int .drain.timeoutSeconds) }}
{{- fail "probes.liveness: periodSeconds times failureThreshold must be more than drain.timeoutSeconds: a server that ends by itself, since a device was lost, would be killed while it drains" }}
{{- end }}
{{- if and .tokens.secretName (not .tls.secretName) (ne (index .flags "tokens-on-plaintext" | default "") "on") }}
{{- fail "tokens.secretName: tokens could be read on the way; set tls.secretName too, or flags.tokens-on-plaintext: \"on\" where a proxy in front of the server ends TLS" }}
{{- end }}
{{- if and .tls.clientCaSecretName (not .tls.secretName) }}
{{- fail "tls.clientCaSecretName: set tls.secretName too" }}
{{- end }}
{{- if and (eq .models.source "image") (not .models.image.reference) }}
{{- fail "models.source is image: say which in models.image.reference" }}
{{- end }}
{{- if eq .models.source "fetch" }}
{{- if not (and .models.fetch.image .models.fetch.command) }}
{{- fail "models.source is fetch: say what fetches them in models.fetch.image and models.fetch.command" }}
{{- end }}
{{- if and .networkPolicy.enabled (not .networkPolicy.fetchEgress) }}
{{- fail "models.source is fetch: say where from in networkPolicy.fetchEgress, or nothing is let out" }}
{{- end }}
{{- end }}
{{- if and .autoscaling.enabled (not .autoscaling.targetQueueMilliseconds) (not .autoscaling.targetCpuPercent) }}
{{- fail "autoscaling.enabled: set autoscaling.targetQueueMilliseconds or autoscaling.targetCpuPercent" }}
{{- end }}
{{- end }}
{{- end }}
