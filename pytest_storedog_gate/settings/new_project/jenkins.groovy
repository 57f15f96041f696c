pipeline {
    agent any
    options { disableConcurrentBuilds() }
    stages {
        stage('install') {
            steps { sh "python3 -m venv .venv && .venv/bin/pip install 'pytest-storedog-gate[$extras]'" }
        }
$steps    }
    post { always { junit '*.xml' } }
}
