        stage('$environment') {
$deploys            steps { sh '.venv/bin/pytest --storedog-env=$environment --junitxml=$environment.xml --storedog-report=$environment.json' }
        }
