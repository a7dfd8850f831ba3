{{ last_versions(
    'agents',
    key='agent_id',
    columns=['first_name', 'last_name', 'email', 'team', 'supervisor_id', 'cast(hired_on as date) as hired_on'],
) }}
