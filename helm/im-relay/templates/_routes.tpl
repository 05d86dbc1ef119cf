{{/* Annotations of an Ingress: those given, and what ingress-nginx calls the bound of a body and the networks. Takes the route's values. */}}
{{- define "im-relay.routeAnnotations" -}}
{{- $made := deepCopy .annotations }}
{{- with .maxBody }}{{ $_ := set $made "nginx.ingress.kubernetes.io/proxy-body-size" . }}{{ end }}
{{- with .sourceRanges }}{{ $_ := set $made "nginx.ingress.kubernetes.io/whitelist-source-range" (join "," .) }}{{ end }}
{{- toYaml $made }}
{{- end }}

{{/* The way in by the Gateway API, and the policies of Envoy Gateway for what that has no words for. Takes root, role, path, port, and host where it is known from elsewhere.
     Source: Gateway API, HTTPRoute; Envoy Gateway, BackendTrafficPolicy (requestBuffer) and SecurityPolicy (authorization). */}}
{{- define "im-relay.gateway" -}}
{{- $ := .root }}
{{- $gateway := (index $.Values .role).gateway }}
{{- if $gateway.enabled }}
{{- $name := printf "%s-%s" (include "im-relay.name" $) .role }}
{{- if not $gateway.parentRefs }}{{ fail (printf "%s.gateway.parentRefs is empty: the Gateways that the route hangs on, such as [{name: public, namespace: gateways}]" .role) }}{{ end }}
{{- if and (or $gateway.maxBody $gateway.sourceRanges) (not $gateway.envoy) }}
{{- fail (printf "%s.gateway.maxBody and sourceRanges are policies of Envoy Gateway: say envoy: true, or leave them to the policies of your gateway" .role) }}
{{- end }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ $name }}
  labels: {{- include "im-relay.labels" $ | nindent 4 }}
  {{- with $gateway.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  parentRefs: {{- toYaml $gateway.parentRefs | nindent 4 }}
  hostnames: [{{ required (printf "%s.gateway.host: the name under which it is reached" .role) (.host | default $gateway.host) | quote }}]
  rules:
    - matches: [{path: {type: PathPrefix, value: {{ .path }}}}]
      backendRefs: [{name: {{ $name }}, port: {{ .port }}}]
{{- if $gateway.maxBody }}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata:
  name: {{ $name }}
  labels: {{- include "im-relay.labels" $ | nindent 4 }}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: {{ $name }}}]
  requestBuffer: {limit: {{ quote $gateway.maxBody }}}
{{- end }}
{{- if $gateway.sourceRanges }}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata:
  name: {{ $name }}
  labels: {{- include "im-relay.labels" $ | nindent 4 }}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: {{ $name }}}]
  authorization:
    defaultAction: Deny
    rules:
      - action: Allow
        principal: {clientCIDRs: {{ toJson $gateway.sourceRanges }}}
{{- end }}
{{- end }}
{{- end }}

{{/* The name in the address that people open: forms sent from another are refused. */}}
{{- define "im-relay.consoleHost" -}}
{{- regexReplaceAll ":[0-9]+$" (urlParse (dig "console" "public_url" "" .Values.settings)).host "" | lower }}
{{- end }}
