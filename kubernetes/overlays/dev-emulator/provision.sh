#!/usr/bin/env bash
# Keeps the agent's topics and subscriptions in an emulator, which forgets them when it restarts.
# Usage: provision.sh http://HOST:PORT/v1/projects/PROJECT [once]
set -euo pipefail
project=$1
names=${project#*/v1/}

# 200: created. 409: it is there. Anything else, and no answer: not yet.
put() {
  local status
  status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 -X PUT \
    -H 'Content-Type: application/json' -d "$2" "$project/$1") || return 1
  [[ $status == 200 || $status == 409 ]]
}

provision() {
  put topics/feature-updates '{}' &&
    put topics/feature-updates-dead-letter '{}' &&
    put subscriptions/feature-updates-dead-letter-sub \
      "{\"topic\": \"$names/topics/feature-updates-dead-letter\"}" &&
    put subscriptions/feature-updates-sub "{
      \"topic\": \"$names/topics/feature-updates\",
      \"ackDeadlineSeconds\": 60,
      \"retryPolicy\": {\"minimumBackoff\": \"10s\", \"maximumBackoff\": \"600s\"},
      \"deadLetterPolicy\": {
        \"deadLetterTopic\": \"$names/topics/feature-updates-dead-letter\",
        \"maxDeliveryAttempts\": 100}}"
}

until provision; do sleep 1; done
echo "provisioned $project"
[[ ${2:-} == once ]] && exit 0
while sleep 5; do
  provision || echo "the emulator does not answer; trying again"
done
